#include "serving/route.h"

namespace modelyard::serving {
namespace {

using lifecycle::ModelEntry;
using lifecycle::Servable;

Error unknown_model(std::string_view name) {
  return error(Code::kNotFound, "Request for unknown model: '{}' is not found", name);
}

}  // namespace

Result<Servable*> find_version(const ModelEntry& model, std::string_view name, VersionNumber version) {
  if (const auto ready = model.ready.find(version); ready != model.ready.end()) return ready->second.get();
  const auto known = model.not_ready.find(version);
  if (known == model.not_ready.end()) {
    return error(Code::kNotFound, "Request for unknown model: '{}' version {} is not found", name, version);
  }
  return error(Code::kUnavailable, "Request for model '{}' version {} is not at ready state: {}", name, version,
               known->second);
}

Result<Route> route(const lifecycle::ServingTable& table, std::string_view name, const inference::VersionChoice& choice,
                    const rollout::RequestKeys& keys, std::uint64_t chance) {
  const auto endpoint = table.endpoints.find(name);
  const bool pinned = choice.version > 0 || !choice.alias.empty();
  // A version may be asked for by the name of its model, too.
  const std::string_view model_name = endpoint == table.endpoints.end() ? name : endpoint->second.plan.model;
  const auto model = table.models.find(model_name);
  if (model == table.models.end()) return unknown_model(name);
  Route route;
  if (endpoint != table.endpoints.end()) route.endpoint = &endpoint->second;
  VersionNumber version = choice.version;
  if (!choice.alias.empty()) {
    const auto alias = model->second.aliases.find(choice.alias);
    if (alias == model->second.aliases.end()) {
      return error(Code::kNotFound, "Request for unknown model: '{}' alias '{}' is not found", name, choice.alias);
    }
    version = alias->second;
    route.by_alias = true;
  }
  if (!pinned) {
    if (endpoint == table.endpoints.end()) {
      const auto waiting = table.waiting.find(name);
      return error(Code::kUnavailable, "Request for model '{}' is not at ready state: {}", name,
                   waiting == table.waiting.end() ? "no version is deployed" : std::string_view(waiting->second));
    }
    const rollout::TrafficPlan& plan = endpoint->second.plan;
    const rollout::Assignment assigned = rollout::assign(plan, keys, chance);
    version = assigned.version;
    route.plan_revision = plan.revision;
    route.arm = assigned.arm;
    route.exposed = assigned.exposed;
    route.unit_hash = assigned.unit_hash;
  }
  MODELYARD_ASSIGN(route.servable, find_version(model->second, name, version));
  return route;
}

}  // namespace modelyard::serving
