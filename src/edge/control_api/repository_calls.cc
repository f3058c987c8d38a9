#include "edge/control_api/repository_calls.h"

#include <map>
#include <set>

namespace modelyard::edge {
namespace {

using registry::CatalogReader;

constexpr std::chrono::seconds kLoadTime{300};

constexpr std::string_view kUnloaded = "unloaded";

// What the catalog says about loading, for all models.
struct Repository {
  std::vector<registry::ModelRecord> models;
  std::set<std::string> deployed;                 // models that an endpoint serves
  std::set<VersionRef> pins;                      // loaded without one
  std::map<std::string, VersionNumber> unloaded;  // by model: what was served last
};

Result<VersionNumber> served_last(CatalogReader& reader, const std::string& endpoint) {
  MODELYARD_ASSIGN(const auto plans, reader.plans(endpoint));
  for (const registry::PlanRecord& plan : plans) {  // newest first
    if (plan.plan.empty()) continue;
    MODELYARD_ASSIGN(const Json document, parse_json(plan.plan));
    return document["shares"][0]["version"].get<VersionNumber>();
  }
  return VersionNumber{0};
}

Result<Repository> read_repository(registry::Catalog& catalog) {
  Repository repository;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(repository.models, reader.models({"", 100'000}));
    MODELYARD_ASSIGN(const auto pins, reader.pins(""));
    for (const registry::PinRecord& pin : pins) repository.pins.insert(pin.ref);
    MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
    for (const registry::EndpointRecord& endpoint : endpoints) {
      if (endpoint.plan_revision > 0) {
        repository.deployed.insert(endpoint.model);
        continue;
      }
      MODELYARD_ASSIGN(const VersionNumber last, served_last(reader, endpoint.name));
      if (last > 0) repository.unloaded[endpoint.model] = last;
    }
    return ok();
  }));
  return repository;
}

std::string state_of(lifecycle::VersionPhase phase) {
  if (phase == lifecycle::VersionPhase::kReady) return "READY";
  return lifecycle::is_loading(phase) ? "LOADING" : "UNAVAILABLE";
}

// What a model is on this server, in Triton's words. A version that stays for the grace only is unloaded.
std::vector<oip::IndexEntry> index_of(const Repository& repository, const lifecycle::LifecycleStatus& status) {
  std::vector<oip::IndexEntry> entries;
  for (const registry::ModelRecord& model : repository.models) {
    if (model.deleted) continue;
    const bool deployed = repository.deployed.contains(model.name);
    bool any = false;
    for (const lifecycle::VersionStatus& version : status.versions) {
      if (version.version.model != model.name || (!deployed && !repository.pins.contains(version.version))) continue;
      any = true;
      entries.push_back({model.name, version.version.version, state_of(version.phase), version.reason});
    }
    if (any) continue;
    const auto last = repository.unloaded.find(model.name);
    if (!deployed && last != repository.unloaded.end()) {
      entries.push_back({model.name, last->second, "UNAVAILABLE", std::string(kUnloaded)});
    } else {
      entries.push_back({model.name, 0, "", ""});
    }
  }
  return entries;
}

struct LoadTarget {
  registry::Revision present = 0;  // 0: nothing is deployed
  VersionNumber newest = 0;
};

Result<LoadTarget> find_target(registry::Catalog& catalog, const std::string& name) {
  LoadTarget target;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    const auto endpoint = reader.endpoint(name);
    if (endpoint) target.present = endpoint->plan_revision;
    const auto versions = reader.versions(endpoint ? endpoint->model : name, {"", 100'000});
    if (!versions || versions->empty()) {
      return error(Code::kNotFound, "failed to load '{}', failed to poll from model repository", name);
    }
    for (const auto& version : *versions) {
      if (version.state == registry::VersionState::kPublished) target.newest = version.ref.version;
    }
    return ok();
  }));
  return target;
}

}  // namespace

Result<std::vector<oip::IndexEntry>> list_repository(const ControlParts& parts, bool only_ready) {
  MODELYARD_ASSIGN(const Repository repository, read_repository(parts.catalog));
  auto entries = index_of(repository, parts.reconciler.status());
  if (only_ready) std::erase_if(entries, [](const oip::IndexEntry& entry) { return entry.state != "READY"; });
  return entries;
}

Status load_model(const ControlParts& parts, const std::string& name, const control::Actor& actor) {
  MODELYARD_ASSIGN(const LoadTarget target, find_target(parts.catalog, name));
  if (target.present > 0) {
    MODELYARD_TRY(parts.reconciler.wait_for_endpoint(name, target.present, kLoadTime));
    return ok();
  }
  control::DeployRequest request{0, "", "repository load", kLoadTime};
  auto deployed = parts.deployer.roll_back(name, request, actor, {});
  if (!deployed && deployed.error().code() != Code::kFailedPrecondition) {
    request.version = target.newest;
    deployed = parts.deployer.deploy(name, request, actor, {});
  }
  if (deployed) return ok();
  return error(Code::kInvalidArgument, "load failed for model '{}': {}", name, deployed.error().message());
}

Status unload_model(const ControlParts& parts, const std::string& name, const control::Actor& actor) {
  const control::DeployRequest request{0, "", "repository unload", kLoadTime};
  const auto undeployed = parts.deployer.undeploy(name, request, actor, {});
  if (!undeployed && undeployed.error().code() != Code::kNotFound) return undeployed.error();
  return ok();
}

}  // namespace modelyard::edge
