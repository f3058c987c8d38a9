// What a rollout makes of its endpoint's traffic, and what may be asked of one here.
//
// Threads: pure, but for what reads the catalog.
#pragma once

#include <optional>

#include "registry/catalog.h"
#include "rollout/gates/gate.h"
#include "rollout/machine/spec.h"
#include "rollout/machine/state.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {

struct Rollout {
  registry::RolloutRecord record;
  rollout::RolloutSpec spec;  // with its stable version
  rollout::RolloutState state;
  std::vector<rollout::Gate> gates;  // of all steps, each once

  VersionRef candidate() const { return {record.model, spec.candidate}; }
};

Result<Rollout> parse_rollout(registry::RolloutRecord record);

// Every line of the spec, each once.
std::vector<std::string> all_gates(const rollout::RolloutSpec& spec);
// Those that judge where the rollout stands.
std::vector<std::string> gates_in_force(const Rollout& rollout);

rollout::TrafficPlan plan_of(const Rollout& rollout);
// Under which number of a step its evidence is kept; none while the candidate answers nobody.
std::optional<int> counted_step(const Rollout& rollout);
// By place in the order of steps, the share of requests that the candidate is to have.
double planned_share(const Rollout& rollout, int step);

// Unimplemented for what the language knows and this server cannot do yet.
Status check_supported(const rollout::RolloutSpec& spec);

// FailedPrecondition when a rollout decides what the endpoint serves.
Status refuse_while_rolling_out(registry::CatalogReader& reader, std::string_view endpoint);

// {"id","endpoint","model","live","created","actor","spec","state"}
Json to_json(const Rollout& rollout);

}  // namespace modelyard::control
