#include "edge/control_api/control_api.h"

#include <algorithm>
#include <charconv>

#include "base/nearest_name.h"

namespace modelyard::edge {
namespace {

constexpr std::chrono::hours kAnswersKept{24};
constexpr std::size_t kLongestKey = 255;

Status check_query(const QueryFields& given, const std::vector<std::string>& known) {
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto nearest = nearest_name(name, known);
    return error(Code::kInvalidArgument, "unknown query field '{}'{}", name,
                 nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
  }
  return ok();
}

Result<control::Expected> parse_if_match(const Request& request) {
  const auto header = request.header("If-Match");
  if (!header || *header == "*") return control::Expected();
  registry::Revision revision = 0;
  const bool quoted = header->size() > 2 && header->front() == '"' && header->back() == '"';
  if (quoted) {
    const auto [end, failure] = std::from_chars(header->data() + 1, header->data() + header->size() - 1, revision);
    if (failure == std::errc{} && end == header->data() + header->size() - 1) return control::Expected(revision);
  }
  return error(Code::kConflict, "If-Match: '{}' is not an ETag of this server", *header);
}

Status check_empty(const Json& body) {
  if (body.is_null() || (body.is_object() && body.empty())) return ok();
  return error(Code::kInvalidArgument, "this call takes no body; what it knows is said in the query");
}

}  // namespace

Result<ApiCall> ControlApi::make_call(const Request& request, const Taken& taken) {
  ApiCall call;
  for (const std::string_view parameter : request.parameters) call.parameters.emplace_back(parameter);
  MODELYARD_ASSIGN(call.query, parse_query(request.query));
  MODELYARD_TRY(check_query(call.query, taken.query));
  const bool changes = request.method != Method::kGet && request.method != Method::kHead;
  if (changes && request.header("If-None-Match")) {
    return error(Code::kInvalidArgument, "If-None-Match is for GET; changes take If-Match");
  }
  MODELYARD_ASSIGN(call.expected, parse_if_match(request));
  call.actor = actor_of(request);
  call.caller = request.caller;
  if (request.body.empty()) return call;
  if (taken.body == Body::kText) {
    call.body_text = request.body;
    call.content_type = request.header("Content-Type").value_or("");
    return call;
  }
  const JsonLimits limits{.max_bytes = 2 * registry::kMaxAttachmentBytes, .max_depth = 64};
  MODELYARD_ASSIGN(call.body, parse_json(request.body, limits));
  if (taken.body == Body::kNone) MODELYARD_TRY(check_empty(call.body));
  return call;
}

void ControlApi::route(Router& router, Method method, std::string_view pattern, Access access,
                       std::vector<std::string> query, ApiWork work, Body body) {
  router.add(method, pattern, access,
             [this, taken = Taken{std::move(query), body}, work = std::move(work)](Exchange& exchange) {
               run(exchange, taken, work);
             });
}

void ControlApi::run(Exchange& exchange, const Taken& taken, const ApiWork& work) {
  const Request& request = exchange.request();
  const auto precondition = request.header("If-Match") ? Precondition::kIfMatch : Precondition::kNone;
  auto call = make_call(request, taken);
  if (!call) return exchange.respond(problem(call.error(), precondition));
  std::string key(request.method == Method::kPost ? request.header("Idempotency-Key").value_or("") : "");
  if (key.size() > kLongestKey) {
    return exchange.respond(problem(Error(Code::kInvalidArgument, "Idempotency-Key: longer than 255 bytes")));
  }
  // Of this caller: an answer is given again to whom it was given.
  std::string body(key.empty() ? "" : fmt::format("{}\n{}\n{}", call->actor.name, request.target, request.body));
  auto reply = std::make_shared<Deferred>(exchange.defer());
  ControlExecutor::Task task = [this, work, precondition, reply, call = std::move(*call), key = std::move(key),
                                body = std::move(body)] {
    const auto answer = key.empty() ? work(call) : run_keyed(call, work, key, body);
    reply->complete(answer ? to_response(*answer) : problem(answer.error(), precondition));
  };
  if (parts_.executor.submit(task)) return;
  reply->complete_here(problem(Error(Code::kUnavailable, "too many control calls are waiting; try again soon")));
}

// One call for each key at a time: a repeat that comes before the answer is there does nothing.
Result<ApiAnswer> ControlApi::run_keyed(const ApiCall& call, const ApiWork& work, const std::string& key,
                                        const std::string& body) {
  {
    MutexLock lock(mutex_);
    if (!keys_under_way_.insert(key).second) {
      return error(Code::kConflict, "a request with Idempotency-Key '{}' is under way; ask again when it is done", key);
    }
  }
  auto answer = run_once(call, work, key, body);
  MutexLock lock(mutex_);
  keys_under_way_.erase(key);
  return answer;
}

// The first answer is given again for the same request.
Result<ApiAnswer> ControlApi::run_once(const ApiCall& call, const ApiWork& work, const std::string& key,
                                       const std::string& body) {
  const Digest request = sha256(body);
  std::optional<registry::IdempotentAnswer> known;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(known, reader.idempotent_answer(key, parts_.clock.utc_now()));
    return ok();
  }));
  if (known && known->request != request) {
    return error(Code::kConflict, "Idempotency-Key '{}' was used for another request", key);
  }
  if (known) {
    MODELYARD_ASSIGN(Json document, parse_json(known->body));
    return ApiAnswer{known->status, std::move(document), known->etag};
  }
  MODELYARD_ASSIGN(ApiAnswer answer, work(call));
  if (answer.secret) return answer;
  MODELYARD_TRY(parts_.catalog.keep_answer(
      key, {request, answer.status, answer.body.dump(-1, ' ', false, Json::error_handler_t::replace), answer.revision},
      parts_.clock.utc_now() + kAnswersKept));
  return answer;
}

void ControlApi::add_routes(Router& router) {
  add_model_routes(router);
  add_version_routes(router);
  add_name_routes(router);
  add_endpoint_routes(router);
  add_server_routes(router);
  add_upkeep_routes(router);
  add_blob_routes(router);
  add_event_routes(router);
  add_prediction_routes(router);
  add_ground_truth_routes(router);
  add_monitoring_routes(router);
  add_rollout_routes(router);
  add_key_routes(router);
  add_repository_routes(router);
  router.set_refusal_form("/api/", refusal_problem);
}

}  // namespace modelyard::edge
