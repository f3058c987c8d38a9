#include "control/rollouts/rollout_admission.h"

#include "control/endpoints/deployer.h"
#include "control/rollouts/answer_evidence.h"
#include "control/rollouts/layer_slices.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/machine/looking.h"

namespace modelyard::control {
namespace {

// The version that answers alone.
Result<VersionNumber> only_version(registry::CatalogReader& reader, const registry::EndpointRecord& endpoint) {
  if (endpoint.plan_revision == 0) {
    return error(Code::kFailedPrecondition, "endpoint '{}' serves nothing; deploy a version first", endpoint.name);
  }
  MODELYARD_ASSIGN(const auto record, reader.plan(endpoint.name, endpoint.plan_revision));
  MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
  MODELYARD_ASSIGN(const auto plan,
                   rollout::parse_traffic_plan(document, endpoint.name, endpoint.model, record.revision));
  if (plan.shares.size() > 1) {
    return error(Code::kFailedPrecondition, "endpoint '{}' serves several versions; deploy one of them first",
                 endpoint.name);
  }
  const VersionNumber only = plan.shares.front().version;
  if (plan.overrides.empty() && plan.shadows.empty()) return only;
  return error(Code::kFailedPrecondition,
               "endpoint '{}' has overrides or shadows that were set by hand, and a rollout would end them; deploy "
               "version {} first, and write overrides into the spec",
               endpoint.name, only);
}

}  // namespace

Result<rollout::RolloutSpec> read_rollout_spec(const Json& document, const SignalSources& sources) {
  MODELYARD_ASSIGN(rollout::RolloutSpec spec, rollout::parse_rollout_spec(document));
  MODELYARD_TRY(check_supported(spec));
  for (const auto& [name, signal] : spec.signals) {
    const Status known = sources.check(signal);
    if (!known) return known.error().with_context("signals.{}", name);
  }
  return spec;
}

Result<AdmittedRollout> admit_rollout(registry::CatalogReader& reader, const std::string& endpoint,
                                      rollout::RolloutSpec spec, const registry::EndpointWants* wants) {
  AdmittedRollout admitted{.spec = std::move(spec), .endpoint = {}, .candidate = {}};
  MODELYARD_ASSIGN(admitted.endpoint, reader.endpoint(endpoint));
  if (wants != nullptr) admitted.endpoint.wants = *wants;
  MODELYARD_TRY(refuse_while_rolling_out(reader, endpoint));
  MODELYARD_ASSIGN(const VersionNumber served, only_version(reader, admitted.endpoint));
  if (admitted.spec.stable.value_or(served) != served) {
    return error(Code::kFailedPrecondition, "stable: endpoint '{}' serves version {}, not {}", endpoint, served,
                 *admitted.spec.stable);
  }
  if (admitted.spec.candidate == served) {
    return error(Code::kFailedPrecondition, "candidate: endpoint '{}' serves version {} already", endpoint, served);
  }
  admitted.spec.stable = served;
  if (admitted.spec.layer) {
    MODELYARD_ASSIGN(const auto taken, taken_slices(reader, admitted.spec.layer->name, endpoint));
    MODELYARD_TRY(check_slice(taken, *admitted.spec.layer, admitted.spec.sticky));
  }
  MODELYARD_ASSIGN(admitted.candidate, resolve_version(reader, admitted.endpoint.model, admitted.spec.candidate, ""));
  MODELYARD_ASSIGN(const auto gates, rollout::parse_gates(rollout::all_gates(admitted.spec)));
  if (!judged_by_labels(admitted.spec, gates).empty())
    MODELYARD_TRY(check_labels_can_come(reader, admitted.endpoint, admitted.spec));
  return admitted;
}

Result<std::int64_t> add_rollout(registry::CatalogWriter& writer, const std::string& endpoint,
                                 rollout::RolloutSpec spec, UtcTime now, std::string_view actor) {
  MODELYARD_ASSIGN(const AdmittedRollout admitted, admit_rollout(writer, endpoint, std::move(spec)));
  registry::RolloutRecord record{.endpoint = endpoint, .model = admitted.endpoint.model};
  record.spec = rollout::to_json(admitted.spec).dump();
  record.state = rollout::to_json(rollout::start_of(now)).dump();
  MODELYARD_ASSIGN(const std::int64_t id, writer.add_rollout(record));
  MODELYARD_TRY(writer.add_event("rollout_pending", admitted.candidate,
                                 fmt::format("rollout {} of endpoint '{}', by {}", id, endpoint, actor)));
  return id;
}

}  // namespace modelyard::control
