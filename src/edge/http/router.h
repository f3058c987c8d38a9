// Router finds the route of a request by method and path, and says 404 or 405 (with Allow) otherwise.
//
// Patterns: literal segments, "{name}" for one segment, "{name}:verb" for a segment that ends in ":verb".
//           Literals win over parameters, verbs too, whatever their method. HEAD is served by GET.
// Threads:  add() before serving; then read-only.
// Every route says what it asks of its caller; who may not pass is refused on the head, before any body is read. Where
// a route is about one model, that is the first parameter of its pattern.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/handler.h"
#include "security/access.h"
#include "security/guard.h"

namespace modelyard::edge {

using security::Access;
using security::Verb;

enum class BodyNeed { kOptional, kRequired };
using Serve = std::function<void(Exchange&)>;
// How a refusal is said, by its status.
using RefusalForm = std::function<Response(int status, std::string_view why)>;

// Who asks, by what the head shows.
security::Caller authenticate(security::Guard& guard, const Request& request);

class Router final : public Handler {
 public:
  Router(security::Guard& guard, std::size_t max_body_bytes) : guard_(guard), max_body_bytes_(max_body_bytes) {}

  void add(Method method, std::string_view pattern, Access access, Serve serve, BodyNeed need = BodyNeed::kOptional);
  // The body goes to a sink.
  void add_stream(Method method, std::string_view pattern, Access access,
                  std::function<std::unique_ptr<BodySink>(Exchange&)> open);
  // For paths that begin so; {"error": text} elsewhere.
  void set_refusal_form(std::string prefix, RefusalForm form);

  BodyPolicy on_head(Request& request, std::string& scratch) override;
  void handle(Exchange& exchange) override;
  Response say(const Request& request, const Refusal& refusal) override;

  // "GET /v2/models/{model}", in the order of add().
  std::vector<std::string> routes() const;

 private:
  static constexpr std::size_t kMostSegments = 8;
  struct Segment {
    std::string literal;  // "" for a parameter
    std::string verb;     // ":predict" behind a parameter
    bool parameter = false;
  };
  struct Route {
    Method method;
    std::string pattern;
    std::vector<Segment> segments;
    Access access;
    Serve serve;
    std::function<std::unique_ptr<BodySink>(Exchange&)> open;
    bool needs_body = false;
    int literals = 0;
  };

  Route& insert(Method method, std::string_view pattern, Access access);
  Status admit(const Route& route, Request& request);
  Response refuse_caller(const Request& request, const Error& why);
  const Route* find(Method method, std::string_view path, std::vector<std::string_view>* parameters) const;
  Response refuse(const Request& request);
  // For as many texts as the route has segments.
  static bool matches(const Route& route, std::span<const std::string_view> texts,
                      std::vector<std::string_view>* parameters);

  security::Guard& guard_;
  const std::size_t max_body_bytes_;
  std::vector<std::pair<std::string, RefusalForm>> refusal_forms_;
  std::vector<Route> routes_;  // more literals first
  std::vector<std::string> listed_;
};

}  // namespace modelyard::edge
