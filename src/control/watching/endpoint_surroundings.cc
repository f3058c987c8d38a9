#include "control/watching/endpoint_surroundings.h"

#include "inference/signature.h"
#include "monitoring/profile/tensor_profiler.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {
namespace {

std::set<std::string, std::less<>> output_features(const inference::Signature& signature) {
  std::set<std::string, std::less<>> inputs, outputs;
  for (const inference::TensorSpec& spec : signature.inputs) {
    for (std::string& name : monitoring::column_names(spec)) inputs.insert(std::move(name));
  }
  for (const inference::TensorSpec& spec : signature.outputs) {
    for (std::string& name : monitoring::column_names(spec)) {
      // As monitoring/profile/tensor_profiler.h calls it.
      outputs.insert(inputs.contains(name) ? name + " (output)" : std::move(name));
    }
  }
  return outputs;
}

}  // namespace

Result<monitoring::Surroundings> surroundings_of(registry::CatalogReader& reader,
                                                 const registry::EndpointRecord& endpoint) {
  monitoring::Surroundings around;
  if (endpoint.plan_revision == 0) return around;
  MODELYARD_ASSIGN(const auto record, reader.plan(endpoint.name, endpoint.plan_revision));
  MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
  MODELYARD_ASSIGN(const auto plan,
                   rollout::parse_traffic_plan(document, endpoint.name, endpoint.model, record.revision));
  around.deployed = record.created;
  for (const rollout::Share& share : plan.shares) {
    around.versions += fmt::format("{}{}", around.versions.empty() ? "version " : ", ", share.version);
    MODELYARD_ASSIGN(const auto version, reader.version({plan.model, share.version}));
    MODELYARD_ASSIGN(const auto signature, inference::parse_signature(version.document.signature));
    for (const std::string& name : output_features(signature)) around.outputs.insert(name);
  }
  return around;
}

}  // namespace modelyard::control
