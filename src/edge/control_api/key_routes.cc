#include "control/documents.h"
#include "control/key_keeper.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

constexpr std::int64_t kDefaultGraceSeconds = 86'400;
constexpr std::int64_t kLongestGraceSeconds = 365 * 86'400;

// The only answer that has the key's text.
ApiAnswer answer_of(const control::NewKey& key) {
  Json document = control::to_json(key.record);
  document["key"] = key.text;
  return {201, std::move(document), std::nullopt, true};
}

Result<std::chrono::seconds> grace_of(const ApiCall& call) {
  std::int64_t seconds = kDefaultGraceSeconds;
  if (!call.body.is_null()) {
    MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
    MODELYARD_ASSIGN(const auto given, reader.optional_integer("grace_seconds"));
    MODELYARD_TRY(reader.finish());
    seconds = given.value_or(seconds);
  }
  if (seconds < 0 || seconds > kLongestGraceSeconds) {
    return error(Code::kInvalidArgument, "grace_seconds: expected 0 to {}", kLongestGraceSeconds);
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

void ControlApi::add_key_routes(Router& router) {
  const Access admin = Access::every_model(Verb::kAdmin);
  route(router, Method::kGet, "/api/v1/keys", admin, {}, [this](const ApiCall&) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(const auto keys, parts_.keys.list());
    return ApiAnswer{200, {{"items", control::list_to_json(keys)}}, std::nullopt};
  });
  route(router, Method::kPost, "/api/v1/keys", admin, {}, [this](const ApiCall& call) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(const auto request, control::parse_key_request(call.body));
    MODELYARD_ASSIGN(const auto key, parts_.keys.create(request, call.actor));
    return answer_of(key);
  });
  route(router, Method::kPost, "/api/v1/keys/{name}:rotate", admin, {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto grace, grace_of(call));
          MODELYARD_ASSIGN(const auto key, parts_.keys.rotate(call.parameters[0], grace, call.actor));
          return answer_of(key);
        });
  route(router, Method::kDelete, "/api/v1/keys/{name}", admin, {}, [this](const ApiCall& call) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(const int revoked, parts_.keys.revoke(call.parameters[0], call.actor));
    return ApiAnswer{200, {{"revoked", revoked}}, std::nullopt};
  });
}

}  // namespace modelyard::edge
