#include "control/endpoints/deployer.h"

#include "control/predictions/evaluator.h"
#include "control/predictions/record_keeping.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {
namespace {

using registry::CatalogReader;
using registry::CatalogWriter;

constexpr std::chrono::seconds kSettingsTime{2};  // that a call waits for its settings to be in effect

std::string plan_text(const std::string& endpoint, const VersionRef& version) {
  return rollout::to_json(rollout::whole_to(endpoint, version.model, version.version)).dump();
}

// All versions of the plan, which must be published.
Result<std::vector<VersionRef>> resolve_all(CatalogReader& reader, const rollout::TrafficPlan& plan) {
  std::vector<VersionRef> versions;
  for (const VersionNumber number : rollout::versions_of(plan)) {
    MODELYARD_ASSIGN(const VersionRef version, resolve_version(reader, plan.model, number, ""));
    versions.push_back(version);
  }
  return versions;
}

// The newest plan that was there before and stayed: not the present one, nor one that a rollout passed through.
Result<rollout::TrafficPlan> earlier_plan(CatalogReader& reader, const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const auto plans, reader.plans(endpoint.name));
  const std::string present = endpoint.plan_revision > 0 && !plans.empty() ? plans.front().plan : "";
  for (const registry::PlanRecord& record : plans) {
    if (record.plan.empty() || record.plan == present) continue;
    MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
    MODELYARD_ASSIGN(auto plan, rollout::parse_traffic_plan(document, endpoint.name, endpoint.model, record.revision));
    if (plan.stable == 0) return plan;
  }
  return error(Code::kConflict, "endpoint '{}' has no earlier plan to go back to", endpoint.name);
}

// An endpoint, or a new one for the model of the same name.
Result<registry::EndpointRecord> endpoint_or_new(CatalogWriter& writer, const std::string& name) {
  const auto endpoint = writer.endpoint(name);
  if (endpoint || endpoint.error().code() != Code::kNotFound) return endpoint;
  const auto model = writer.model(name);
  if (!model) return error(Code::kNotFound, "there is neither an endpoint nor a model '{}'", name);
  MODELYARD_TRY(writer.put_endpoint(name, name, {}));
  return writer.endpoint(name);
}

}  // namespace

Result<VersionRef> resolve_version(CatalogReader& reader, const std::string& model, VersionNumber version,
                                   const std::string& alias) {
  if (!alias.empty()) {
    MODELYARD_ASSIGN(const auto record, reader.alias(model, alias));
    version = record.version;
  }
  MODELYARD_ASSIGN(const auto record, reader.version({model, version}));
  if (record.state == registry::VersionState::kPublished) return record.ref;
  return error(Code::kFailedPrecondition, "version {} of '{}' is {}; restore it first", version, model,
               registry::version_state_name(record.state));
}

Result<Deployed> Deployer::change(const std::string& action, const std::string& endpoint, const DeployRequest& request,
                                  const Actor& actor, const registry::Catalog::Write& write,
                                  const VersionRef& version) {
  const registry::AuditNote note{actor.name, action, endpoint, {{"reason", request.reason}}};
  MODELYARD_ASSIGN(const auto revision, catalog_.transact(note, write));
  reconciler_.retry(version);
  Deployed deployed{revision, version};
  if (!request.wait) return deployed;
  const std::int64_t awaited = version.version == 0 ? 0 : revision;
  MODELYARD_TRY(reconciler_.wait_for_endpoint(endpoint, awaited, *request.wait));
  return deployed;
}

// The revision of the plan in force, when it is just what is asked for; else 0.
Result<Deployed> Deployer::already_deployed(const std::string& name, const DeployRequest& request,
                                            const Expected& expected) {
  Deployed deployed;
  MODELYARD_TRY(catalog_.read([&](CatalogReader& reader) -> Status {
    const auto endpoint = reader.endpoint(name);
    if (!endpoint || endpoint->plan_revision == 0) return ok();
    MODELYARD_TRY(check_expected(endpoint->revision, expected, fmt::format("endpoint '{}'", name)));
    MODELYARD_ASSIGN(deployed.version, resolve_version(reader, endpoint->model, request.version, request.alias));
    MODELYARD_ASSIGN(const auto plan, reader.plan(name, endpoint->plan_revision));
    if (plan.plan == plan_text(name, deployed.version)) deployed.plan_revision = plan.revision;
    return ok();
  }));
  return deployed;
}

Result<Deployed> Deployer::deploy(const std::string& name, const DeployRequest& request, const Actor& actor,
                                  const Expected& expected) {
  if (request.version == 0 && request.alias.empty()) {
    return error(Code::kInvalidArgument, "say which: 'version' or 'alias'");
  }
  MODELYARD_ASSIGN(const Deployed present, already_deployed(name, request, expected));
  if (present.plan_revision > 0) {
    reconciler_.retry(present.version);
    if (request.wait) MODELYARD_TRY(reconciler_.wait_for_endpoint(name, present.plan_revision, *request.wait));
    return present;
  }
  VersionRef version;
  return change(
      "endpoint.deploy", name, request, actor,
      [&](CatalogWriter& writer) -> Status {
        MODELYARD_ASSIGN(const auto endpoint, endpoint_or_new(writer, name));
        MODELYARD_TRY(check_expected(endpoint.revision, expected, fmt::format("endpoint '{}'", name)));
        MODELYARD_TRY(refuse_while_rolling_out(writer, name));
        MODELYARD_ASSIGN(version, resolve_version(writer, endpoint.model, request.version, request.alias));
        MODELYARD_TRY(writer.set_plan(name, plan_text(name, version), request.reason));
        return writer.add_event("endpoint_deployed", version, fmt::format("endpoint '{}', by {}", name, actor.name));
      },
      version);
}

Result<registry::Revision> Deployer::set_traffic(const std::string& name, TrafficRequest request, const Actor& actor,
                                                 const Expected& expected) {
  rollout::TrafficPlan& plan = request.plan;
  std::vector<VersionRef> versions;
  const std::string shares = text_of_shares(plan);
  const registry::AuditNote note{
      actor.name, "endpoint.set_traffic", name, {{"reason", request.reason}, {"shares", shares}}};
  const auto write = [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto endpoint, endpoint_or_new(writer, name));
    MODELYARD_TRY(check_expected(endpoint.revision, expected, fmt::format("endpoint '{}'", name)));
    MODELYARD_TRY(refuse_while_rolling_out(writer, name));
    plan.endpoint = name;
    plan.model = endpoint.model;
    // Always the same: who has a version when its share grows keeps it.
    if (plan.shares.size() > 1) plan.salt = fmt::format("endpoint-{}", name);
    MODELYARD_TRY(rollout::validate(plan));
    MODELYARD_ASSIGN(versions, resolve_all(writer, plan));
    MODELYARD_TRY(writer.set_plan(name, rollout::to_json(plan).dump(), request.reason));
    return writer.add_event("endpoint_traffic_set", {endpoint.model, 0},
                            fmt::format("endpoint '{}': {}, by {}", name, shares, actor.name));
  };
  MODELYARD_ASSIGN(const registry::Revision revision, catalog_.transact(note, write));
  for (const VersionRef& version : versions) reconciler_.retry(version);
  if (request.wait) MODELYARD_TRY(reconciler_.wait_for_endpoint(name, revision, *request.wait));
  return revision;
}

Result<Deployed> Deployer::roll_back(const std::string& name, const DeployRequest& request, const Actor& actor,
                                     const Expected& expected) {
  VersionRef version;
  rollout::TrafficPlan plan;
  auto back = change(
      "endpoint.roll_back", name, request, actor,
      [&](CatalogWriter& writer) -> Status {
        MODELYARD_ASSIGN(const auto endpoint, writer.endpoint(name));
        MODELYARD_TRY(check_expected(endpoint.revision, expected, fmt::format("endpoint '{}'", name)));
        MODELYARD_TRY(refuse_while_rolling_out(writer, name));
        MODELYARD_ASSIGN(plan, earlier_plan(writer, endpoint));
        MODELYARD_TRY(resolve_all(writer, plan));
        version = {endpoint.model, plan.shares.back().version};
        const std::string reason =
            request.reason.empty() ? fmt::format("back to plan {}", plan.revision) : request.reason;
        MODELYARD_TRY(writer.set_plan(name, rollout::to_json(plan).dump(), reason));
        return writer.add_event("endpoint_rolled_back", version, fmt::format("endpoint '{}', by {}", name, actor.name));
      },
      version);
  if (back) back->shares = plan.shares;
  return back;
}

Result<Deployed> Deployer::undeploy(const std::string& name, const DeployRequest& request, const Actor& actor,
                                    const Expected& expected) {
  return change(
      "endpoint.undeploy", name, request, actor,
      [&](CatalogWriter& writer) -> Status {
        MODELYARD_ASSIGN(const auto endpoint, writer.endpoint(name));
        MODELYARD_TRY(check_expected(endpoint.revision, expected, fmt::format("endpoint '{}'", name)));
        if (endpoint.plan_revision == 0) return ok();
        MODELYARD_TRY(refuse_while_rolling_out(writer, name));
        MODELYARD_TRY(writer.set_plan(name, "", request.reason));
        return writer.add_event("endpoint_undeployed", {endpoint.model, 0},
                                fmt::format("endpoint '{}', by {}", name, actor.name));
      },
      VersionRef{});
}

Status Deployer::put_endpoint(const std::string& name, const EndpointDocument& document, const Actor& actor,
                              const Expected& expected) {
  MODELYARD_TRY(check_model_name(name));
  Json facts = to_json(document);
  MODELYARD_ASSIGN(
      const auto revision,
      catalog_.transact({actor.name, "endpoint.put", name, std::move(facts)}, [&](CatalogWriter& writer) -> Status {
        const auto present = writer.endpoint(name);
        if (present) MODELYARD_TRY(check_expected(present->revision, expected, fmt::format("endpoint '{}'", name)));
        MODELYARD_TRY(check_document(writer, name, document));
        return writer.put_endpoint(name, document.model, wants_of(document));
      }));
  // They are kept now whatever comes, and in effect within a turn of the loops: who asks next is to meet them.
  (void)reconciler_.wait_for_settings(revision, kSettingsTime).has_value();
  return ok();
}

Status Deployer::remove_endpoint(const std::string& name, const Actor& actor, const Expected& expected) {
  const registry::AuditNote note{actor.name, "endpoint.remove", name, Json::object()};
  MODELYARD_TRY(catalog_.transact(note, [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto endpoint, writer.endpoint(name));
    MODELYARD_TRY(check_expected(endpoint.revision, expected, fmt::format("endpoint '{}'", name)));
    if (endpoint.plan_revision > 0) {
      return error(Code::kFailedPrecondition, "endpoint '{}' is serving; undeploy it first", name);
    }
    MODELYARD_TRY(refuse_if_held(endpoint));
    return writer.remove_endpoint(name);
  }));
  return ok();
}

}  // namespace modelyard::control
