#include "edge/control_api/repository_calls.h"

namespace modelyard::edge {
namespace {

using registry::CatalogReader;

constexpr std::chrono::seconds kLoadTime{300};

// What a model is on this server, in Triton's words.
std::vector<oip::IndexEntry> index_of(const std::vector<registry::ModelRecord>& models,
                                      const lifecycle::LifecycleStatus& status) {
  std::vector<oip::IndexEntry> entries;
  for (const registry::ModelRecord& model : models) {
    if (model.deleted) continue;
    bool any = false;
    for (const lifecycle::VersionStatus& version : status.versions) {
      if (version.version.model != model.name) continue;
      any = true;
      const bool ready = version.phase == lifecycle::VersionPhase::kReady;
      const std::string state = ready ? "READY" : lifecycle::is_loading(version.phase) ? "LOADING" : "UNAVAILABLE";
      entries.push_back({model.name, version.version.version, state, version.reason});
    }
    if (!any) entries.push_back({model.name, 0, "", ""});
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
  std::vector<registry::ModelRecord> models;
  MODELYARD_TRY(parts.catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(models, reader.models({"", 100'000}));
    return ok();
  }));
  auto entries = index_of(models, parts.reconciler.status());
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
