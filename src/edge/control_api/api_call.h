// What a control call sees of its request, copied off the connection, and what it answers. Private to this room.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "control/actor.h"
#include "edge/http/router.h"
#include "edge/http/target.h"

namespace modelyard::edge {

// Whoever may do anything at all.
inline constexpr security::VerbSet kAnyVerb =
    Verb::kInfer | Verb::kRead | Verb::kPublish | Verb::kDeploy | Verb::kLabel;

struct ApiCall {
  std::vector<std::string> parameters;
  QueryFields query;
  Json body;              // null without one
  std::string body_text;  // instead, of a call that reads its body itself
  std::string content_type;
  control::Expected expected;  // If-Match
  control::Actor actor;
  security::Caller caller;

  // Whether the caller may do so to a model that the path does not name.
  Status may(Verb verb, std::string_view model) const;
  // The same for a list about one model, or about all.
  Status may_read(const std::optional<std::string>& model) const;
  std::optional<std::string> query_value(std::string_view name) const;
  Result<bool> query_flag(std::string_view name) const;
  Result<UtcTime> query_time(std::string_view name, UtcTime otherwise) const;
  Result<int> limit() const;  // 1..1000, 100 by default
  std::string cursor() const { return query_value("cursor").value_or(""); }
  Result<std::int64_t> cursor_number() const;  // 0 without one
  Result<VersionRef> version_ref() const;      // of the first two parameters
};

struct ApiAnswer {
  int status = 200;
  Json body;
  std::optional<registry::Revision> revision;  // becomes the ETag
  bool secret = false;                         // not kept to be given again, whatever Idempotency-Key says
};

using ApiWork = std::function<Result<ApiAnswer>(const ApiCall&)>;

// RFC 9457. `with_precondition`: the request had If-Match, so that a conflict is a failed precondition.
enum class Precondition { kNone, kIfMatch };
Response problem(const Error& error, Precondition precondition = Precondition::kNone);
// The same for what the router refuses.
Response refusal_problem(int status, std::string_view why);
Response to_response(const ApiAnswer& answer);

// A page of a list and where the next one begins.
Json page_of(Json items, int limit, const std::function<std::string(const Json&)>& cursor_of);

// Who asks: the name of the key or certificate; where the request comes from, when nobody is asked.
control::Actor actor_of(const Request& request);

}  // namespace modelyard::edge
