#include "control/endpoints/status_report.h"

#include <algorithm>

namespace modelyard::control {
namespace {

Json shares_to_json(const std::vector<rollout::Share>& shares) {
  Json list = Json::array();
  for (const rollout::Share& share : shares) list.push_back({{"version", share.version}, {"weight", share.weight}});
  return list;
}

const lifecycle::EndpointStatus* find_endpoint(const lifecycle::LifecycleStatus& status, const std::string& name) {
  const auto found = std::find_if(status.endpoints.begin(), status.endpoints.end(),
                                  [&](const lifecycle::EndpointStatus& endpoint) { return endpoint.endpoint == name; });
  return found == status.endpoints.end() ? nullptr : &*found;
}

// Why the desired plan is not in effect.
std::string problem_of(const Json& desired, const std::string& model, const lifecycle::LifecycleStatus& status) {
  for (const Json& share : desired["shares"]) {
    for (const lifecycle::VersionStatus& version : status.versions) {
      const bool same =
          version.version.model == model && version.version.version == share["version"].get<VersionNumber>();
      if (same && version.phase == lifecycle::VersionPhase::kFailed) return version.reason;
    }
  }
  return "";
}

Result<Json> report_endpoint(registry::CatalogReader& reader, const registry::EndpointRecord& endpoint,
                             const lifecycle::LifecycleStatus& status) {
  Json document{{"endpoint", endpoint.name}, {"model", endpoint.model}, {"state", "undeployed"}};
  const lifecycle::EndpointStatus* observed = find_endpoint(status, endpoint.name);
  if (observed && observed->effective_revision > 0) {
    document["effective"] = {{"revision", observed->effective_revision},
                             {"shares", shares_to_json(observed->effective_shares)}};
  }
  if (endpoint.plan_revision == 0) return document;
  MODELYARD_ASSIGN(const auto plan, reader.plan(endpoint.name, endpoint.plan_revision));
  document["desired"] = to_json(plan);
  const bool reached = observed && observed->effective_revision == endpoint.plan_revision;
  document["state"] = reached ? "ready" : "progressing";
  if (reached) return document;
  const std::string problem = problem_of(document["desired"], endpoint.model, status);
  if (problem.empty()) return document;
  document["state"] = "failing";
  document["reason"] = problem;
  return document;
}

}  // namespace

Result<Json> report_status(registry::Catalog& catalog, const lifecycle::LifecycleStatus& status,
                           std::string_view model) {
  Json endpoints = Json::array(), versions = Json::array();
  MODELYARD_TRY(catalog.read([&](registry::CatalogReader& reader) -> Status {
    if (!model.empty()) MODELYARD_TRY(reader.model(model));
    MODELYARD_ASSIGN(const auto records, reader.endpoints());
    for (const registry::EndpointRecord& endpoint : records) {
      if (!model.empty() && endpoint.model != model) continue;
      MODELYARD_ASSIGN(Json document, report_endpoint(reader, endpoint, status));
      endpoints.push_back(std::move(document));
    }
    return ok();
  }));
  for (const lifecycle::VersionStatus& version : status.versions) {
    if (model.empty() || version.version.model == model) versions.push_back(to_json(version));
  }
  Json memory{{"used_bytes", status.memory_used}};
  memory["limit_bytes"] = status.memory_limit > 0 ? Json(status.memory_limit) : Json(nullptr);
  return Json{{"observed_revision", status.observed_revision},
              {"endpoints", std::move(endpoints)},
              {"versions", std::move(versions)},
              {"memory", std::move(memory)}};
}

}  // namespace modelyard::control
