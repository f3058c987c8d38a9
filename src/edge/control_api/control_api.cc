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
  return error(Code::kInvalidArgument, "If-Match: '{}' is not an ETag of this server", *header);
}

Result<ApiCall> make_call(const Request& request, const std::vector<std::string>& query) {
  ApiCall call;
  for (const std::string_view parameter : request.parameters) call.parameters.emplace_back(parameter);
  MODELYARD_ASSIGN(call.query, parse_query(request.query));
  MODELYARD_TRY(check_query(call.query, query));
  MODELYARD_ASSIGN(call.expected, parse_if_match(request));
  call.actor = actor_of(request);
  call.caller = request.caller;
  if (request.body.empty()) return call;
  const JsonLimits limits{.max_bytes = 2 * registry::kMaxAttachmentBytes, .max_depth = 64};
  MODELYARD_ASSIGN(call.body, parse_json(request.body, limits));
  return call;
}

}  // namespace

void ControlApi::route(Router& router, Method method, std::string_view pattern, Access access,
                       std::vector<std::string> query, ApiWork work) {
  router.add(method, pattern, access, [this, query = std::move(query), work = std::move(work)](Exchange& exchange) {
    run(exchange, query, work);
  });
}

void ControlApi::run(Exchange& exchange, const std::vector<std::string>& query, const ApiWork& work) {
  const Request& request = exchange.request();
  auto call = make_call(request, query);
  if (!call) return exchange.respond(problem(call.error()));
  std::string key(request.method == Method::kPost ? request.header("Idempotency-Key").value_or("") : "");
  if (key.size() > kLongestKey) {
    return exchange.respond(problem(Error(Code::kInvalidArgument, "Idempotency-Key: longer than 255 bytes")));
  }
  const auto precondition = call->expected ? Precondition::kIfMatch : Precondition::kNone;
  // Of this caller: an answer is given again to whom it was given.
  std::string body(key.empty() ? "" : fmt::format("{}\n{}\n{}", call->actor.name, request.target, request.body));
  auto reply = std::make_shared<Deferred>(exchange.defer());
  ControlExecutor::Task task = [this, work, precondition, reply, call = std::move(*call), key = std::move(key),
                                body = std::move(body)] {
    const auto answer = run_once(call, work, key, body);
    reply->complete(answer ? to_response(*answer) : problem(answer.error(), precondition));
  };
  if (parts_.executor.submit(task)) return;
  reply->complete_here(problem(Error(Code::kUnavailable, "too many control calls are waiting; try again soon")));
}

// With a key, the first answer is given again for the same request.
Result<ApiAnswer> ControlApi::run_once(const ApiCall& call, const ApiWork& work, const std::string& key,
                                       const std::string& body) {
  if (key.empty()) return work(call);
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
    return ApiAnswer{known->status, std::move(document), std::nullopt};
  }
  MODELYARD_ASSIGN(ApiAnswer answer, work(call));
  if (answer.secret) return answer;
  MODELYARD_TRY(parts_.catalog.keep_answer(key, {request, answer.status, answer.body.dump()},
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
  add_key_routes(router);
  add_repository_routes(router);
  router.set_refusal_form("/api/", [](const Error& why) { return problem(why); });
}

}  // namespace modelyard::edge
