#include "control/documents.h"
#include "control/endpoints/status_report.h"
#include "edge/control_api/control_api.h"
#include "rollout/machine/spec_fields.h"

namespace modelyard::edge {
namespace {

using registry::CatalogReader;

constexpr std::int64_t kLongestWaitSeconds = 3600;

Result<control::DeployRequest> parse_deploy_request(const ApiCall& call) {
  control::DeployRequest request;
  if (call.body.is_null()) return request;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
  MODELYARD_ASSIGN(const auto version, reader.optional_integer("version"));
  MODELYARD_ASSIGN(const auto alias, reader.optional_string("alias"));
  MODELYARD_ASSIGN(const auto reason, reader.optional_string("reason"));
  MODELYARD_ASSIGN(const auto wait, reader.optional_integer("wait_seconds"));
  MODELYARD_TRY(reader.finish());
  if (version && alias) return error(Code::kInvalidArgument, "'version' or 'alias', not both");
  if (version && *version < 1) return error(Code::kInvalidArgument, "version: expected 1, 2, 3…, got {}", *version);
  if (wait && (*wait < 0 || *wait > kLongestWaitSeconds)) {
    return error(Code::kInvalidArgument, "wait_seconds: expected 0 to {}", kLongestWaitSeconds);
  }
  request.version = version.value_or(0);
  request.alias = alias.value_or("");
  request.reason = reason.value_or("");
  if (wait) request.wait = std::chrono::seconds(*wait);
  return request;
}

Result<ApiAnswer> show_endpoint(registry::Catalog& catalog, const std::string& name) {
  ApiAnswer answer;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto endpoint, reader.endpoint(name));
    answer.body = control::to_json(endpoint);
    answer.revision = endpoint.revision;
    return ok();
  }));
  return answer;
}

Json change_to_json(const control::PlannedChange& change) {
  return {{"action", change.action}, {"object", change.object}, {"from", change.from}, {"to", change.to}};
}

}  // namespace

ApiWork ControlApi::deployment(Result<control::Deployed> (control::Deployer::*change)(
    const std::string&, const control::DeployRequest&, const control::Actor&, const control::Expected&)) {
  return [this, change](const ApiCall& call) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(const auto request, parse_deploy_request(call));
    MODELYARD_ASSIGN(const auto deployed,
                     (parts_.deployer.*change)(call.parameters[0], request, call.actor, call.expected));
    Json document{{"endpoint", call.parameters[0]}, {"plan_revision", deployed.plan_revision}, {"version", nullptr}};
    if (deployed.version.version > 0) document["version"] = deployed.version.version;
    if (deployed.shares.size() > 1) {
      document["version"] = nullptr;
      for (const rollout::Share& share : deployed.shares) {
        document["versions"].push_back({{"version", share.version}, {"percent", rollout::percent_json(share.weight)}});
      }
    }
    return ApiAnswer{200, std::move(document), deployed.plan_revision};
  };
}

Result<ApiAnswer> ControlApi::show_traffic(const ApiCall& call) {
  ApiAnswer answer;
  const control::TrafficParts parts{parts_.catalog, parts_.reconciler, parts_.journal, parts_.clock};
  MODELYARD_ASSIGN(answer.body, control::report_traffic(parts, call.parameters[0]));
  return answer;
}

void ControlApi::add_endpoint_routes(Router& router) {
  const std::string endpoint = "/api/v1/endpoints/{endpoint}";
  route(router, Method::kGet, "/api/v1/endpoints", Access::every_model(Verb::kRead), {},
        [this](const ApiCall&) -> Result<ApiAnswer> {
          ApiAnswer answer;
          MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
            MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
            answer.body = {{"items", control::list_to_json(endpoints)}};
            return ok();
          }));
          return answer;
        });
  route(router, Method::kGet, endpoint, Access::model(Verb::kRead), {},
        [this](const ApiCall& call) { return show_endpoint(parts_.catalog, call.parameters[0]); });
  route(router, Method::kPut, endpoint, Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
          MODELYARD_ASSIGN(const auto model, reader.optional_string("model"));
          control::EndpointDocument document{model.value_or(call.parameters[0])};
          MODELYARD_TRY(control::read_settings(reader, document));
          MODELYARD_TRY(reader.finish());
          if (model) MODELYARD_TRY(call.may(Verb::kDeploy, *model));
          MODELYARD_TRY(parts_.deployer.put_endpoint(call.parameters[0], document, call.actor, call.expected));
          return show_endpoint(parts_.catalog, call.parameters[0]);
        });
  route(router, Method::kDelete, endpoint, Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_TRY(parts_.deployer.remove_endpoint(call.parameters[0], call.actor, call.expected));
          return ApiAnswer{204, nullptr, std::nullopt};
        });
  route(router, Method::kPost, endpoint + ":deploy", Access::model(Verb::kDeploy), {},
        deployment(&control::Deployer::deploy));
  route(router, Method::kPost, endpoint + ":rollback", Access::model(Verb::kDeploy), {},
        deployment(&control::Deployer::roll_back));
  route(router, Method::kPost, endpoint + ":undeploy", Access::model(Verb::kDeploy), {},
        deployment(&control::Deployer::undeploy));
  route(router, Method::kGet, endpoint + "/traffic", Access::model(Verb::kRead), {},
        [this](const ApiCall& call) { return show_traffic(call); });
  route(router, Method::kPut, endpoint + "/traffic", Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto request, control::parse_traffic_request(call.body));
          MODELYARD_TRY(parts_.deployer.set_traffic(call.parameters[0], std::move(request), call.actor, call.expected));
          return show_traffic(call);
        });
  route(router, Method::kGet, endpoint + "/plans", Access::model(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          ApiAnswer answer;
          MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
            MODELYARD_TRY(reader.endpoint(call.parameters[0]));
            MODELYARD_ASSIGN(const auto plans, reader.plans(call.parameters[0]));
            answer.body = {{"items", control::list_to_json(plans)}};
            return ok();
          }));
          return answer;
        });
}

void ControlApi::add_server_routes(Router& router) {
  route(
      router, Method::kGet, "/api/v1/version", Access::server(kAnyVerb), {},
      [this](const ApiCall&) -> Result<ApiAnswer> { return ApiAnswer{200, parts_.version_document(), std::nullopt}; });
  route(router, Method::kGet, "/api/v1/status", Access::server(Verb::kRead), {"model"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_TRY(call.may_read(call.query_value("model")));
          ApiAnswer answer;
          MODELYARD_ASSIGN(answer.body, control::report_status(parts_.catalog, parts_.reconciler.status(),
                                                               call.query_value("model").value_or("")));
          return answer;
        });
  route(router, Method::kPost, "/api/v1/apply", Access::every_model(Verb::kDeploy), {"dry_run"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const bool dry, call.query_flag("dry_run"));
          const auto mode = dry ? control::ApplyMode::kDryRun : control::ApplyMode::kApply;
          MODELYARD_ASSIGN(const auto changes, parts_.applier.apply(call.body, mode, call.actor));
          Json items = Json::array();
          for (const auto& change : changes) items.push_back(change_to_json(change));
          return ApiAnswer{200, {{"changes", std::move(items)}, {"dry_run", dry}}, std::nullopt};
        });
}

}  // namespace modelyard::edge
