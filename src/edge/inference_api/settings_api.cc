#include "edge/inference_api/settings_api.h"

#include <open_inference/grpc_service.pb.h>

#include "edge/grpc/grpc_proto.h"
#include "edge/inference_api/http_call.h"

namespace modelyard::edge {
namespace {

constexpr Access kChanges = Access::every_model(Verb::kAdmin);
const std::string kService = "/inference.GRPCInferenceService/";

Result<Json> read_change(const Request& request) {
  if (request.method == Method::kGet || request.body.empty()) return Json::object();
  return parse_json(request.body);
}

// {"name": {"value": ["text"]}}
Json as_trace_values(const Json& settings) {
  Json values = Json::object();
  for (const auto& [key, value] : settings.items()) {
    values[key] = {{"value", value.is_array() ? value : Json::array({value})}};
  }
  return {{"settings", std::move(values)}};
}

// {"name": {"bool_param": true}}
Json as_log_values(const Json& settings) {
  Json values = Json::object();
  for (const auto& [key, value] : settings.items()) {
    values[key] = {{value.is_boolean() ? "bool_param" : value.is_string() ? "string_param" : "uint32_param", value}};
  }
  return {{"settings", std::move(values)}};
}

Json change_of(const ::inference::LogSettingsRequest& ask) {
  Json change = Json::object();
  for (const auto& [key, value] : ask.settings()) {
    Json& made = change[key];  // null when no value is set
    if (value.has_bool_param()) made = value.bool_param();
    if (value.has_uint32_param()) made = value.uint32_param();
    if (value.has_string_param()) made = value.string_param();
  }
  return change;
}

Json change_of(const ::inference::TraceSettingRequest& ask) {
  Json change = Json::object();
  for (const auto& [key, value] : ask.settings()) {
    Json& made = change[key] = Json::array();
    for (const std::string& one : value.value()) made.push_back(one);
  }
  return change;
}

}  // namespace

Result<Json> SettingsApi::change_log(const Exchange& exchange, const Json& change) {
  if (!change.empty()) MODELYARD_TRY(security::decide(exchange.request().caller, kChanges));
  const LogSettings now = log_settings();
  MODELYARD_ASSIGN(const LogSettings after, changed(now, change));
  if (after != now) {
    log_.set_format(after.format);
    log_.set_level(std::min(now.level, after.level));  // so that the line below is seen once
    log_.info("log settings were changed", {{"settings", to_json(after).dump()}});
    log_.set_level(after.level);
  }
  return to_json(after);
}

Result<Json> SettingsApi::change_trace(const Exchange& exchange, std::string_view model, const Json& change) {
  if (!model.empty()) MODELYARD_TRY(api_.find(exchange, kSees, model, {}));
  if (!change.empty()) MODELYARD_TRY(security::decide(exchange.request().caller, kChanges));
  MODELYARD_TRY(check_trace_change(change));
  return trace_settings();
}

void SettingsApi::add_routes(Router& router) {
  const auto respond = [this](Exchange& exchange, const Result<Json>& document) {
    if (!document) return exchange.respond(refusal(document.error(), api_.request_id(exchange.request())));
    Response response;
    response.body = document->dump();
    exchange.respond(std::move(response));
  };
  const auto log = [this, respond](Exchange& exchange) {
    const auto change = read_change(exchange.request());
    respond(exchange, change ? change_log(exchange, *change) : change);
  };
  const auto trace = [this, respond](Exchange& exchange) {
    const Request& request = exchange.request();
    const std::string_view model = request.parameters.empty() ? std::string_view() : request.parameters[0];
    const auto change = read_change(request);
    respond(exchange, change ? change_trace(exchange, model, *change) : change);
  };
  for (const Method method : {Method::kGet, Method::kPost}) {
    router.add(method, "/v2/logging", Access::server(Verb::kRead), log);
    router.add(method, "/v2/trace/setting", Access::server(Verb::kRead), trace);
    router.add(method, "/v2/models/{model}/trace/setting", Access::model(Verb::kRead), trace);
  }
}

void SettingsApi::add_methods(GrpcRouter& router) {
  using namespace ::inference;
  add_method<TraceSettingRequest, TraceSettingResponse>(
      router, kService + "TraceSetting", Access::server(Verb::kRead),
      [this](Exchange& exchange, const TraceSettingRequest& ask) -> Result<TraceSettingResponse> {
        MODELYARD_ASSIGN(const Json settings, change_trace(exchange, ask.model_name(), change_of(ask)));
        return proto_from_document<TraceSettingResponse>(as_trace_values(settings).dump());
      });
  add_method<LogSettingsRequest, LogSettingsResponse>(
      router, kService + "LogSettings", Access::server(Verb::kRead),
      [this](Exchange& exchange, const LogSettingsRequest& ask) -> Result<LogSettingsResponse> {
        MODELYARD_ASSIGN(const Json settings, change_log(exchange, change_of(ask)));
        return proto_from_document<LogSettingsResponse>(as_log_values(settings).dump());
      });
}

}  // namespace modelyard::edge
