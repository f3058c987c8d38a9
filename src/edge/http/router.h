// Router finds the route of a request by method and path, and says 404 or 405 (with Allow) otherwise.
//
// Patterns: literal segments, "{name}" for one segment, "{name}:verb" for a segment that ends in ":verb".
//           Literals win over parameters. HEAD is served by GET.
// Threads:  add() before serving; then read-only.
// The one place that every request passes before its body is read: authorisation belongs in the head check.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/handler.h"

namespace modelyard::edge {

enum class BodyNeed { kOptional, kRequired };
using Serve = std::function<void(Exchange&)>;
// Refuses a request on its head, or lets it pass.
using HeadCheck = std::function<std::optional<Response>(const Request&)>;

class Router final : public Handler {
 public:
  explicit Router(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  void add(Method method, std::string_view pattern, Serve serve, BodyNeed need = BodyNeed::kOptional);
  // The body goes to a sink.
  void add_stream(Method method, std::string_view pattern, std::function<std::unique_ptr<BodySink>(Exchange&)> open);
  void set_head_check(HeadCheck check) { head_check_ = std::move(check); }

  BodyPolicy on_head(Request& request, std::string& scratch) override;
  void handle(Exchange& exchange) override;

  // "GET /v2/models/{model}", in the order of add().
  std::vector<std::string> routes() const;

 private:
  struct Segment {
    std::string literal;  // "" for a parameter
    std::string verb;     // ":predict" behind a parameter
    bool parameter = false;
  };
  struct Route {
    Method method;
    std::string pattern;
    std::vector<Segment> segments;
    Serve serve;
    std::function<std::unique_ptr<BodySink>(Exchange&)> open;
    bool needs_body = false;
    int literals = 0;
  };

  Route& insert(Method method, std::string_view pattern);
  const Route* find(Method method, std::string_view path, std::vector<std::string_view>* parameters) const;
  Response refuse(const Request& request) const;
  static bool matches(const Route& route, std::string_view path, std::vector<std::string_view>* parameters);

  const std::size_t max_body_bytes_;
  HeadCheck head_check_;
  std::vector<Route> routes_;  // more literals first
  std::vector<std::string> listed_;
};

}  // namespace modelyard::edge
