// What a rollout makes of its endpoint's traffic, and what may be asked of one here.
//
// Threads: pure, but for what reads the catalog.
#pragma once

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
  std::vector<rollout::Gate> gates;     // of all steps, each once
  std::optional<rollout::Gate> reward;  // of a bandit, as the gate that is like it

  VersionRef candidate() const { return {record.model, spec.candidate}; }
};

Result<Rollout> parse_rollout(registry::RolloutRecord record);

rollout::TrafficPlan plan_of(const Rollout& rollout);
// By which its plans are known, and its users placed.
std::string salt_of(const Rollout& rollout);

// Unimplemented for what the language knows and this server cannot do yet.
Status check_supported(const rollout::RolloutSpec& spec);

// FailedPrecondition when a rollout decides what the endpoint serves.
Status refuse_while_rolling_out(registry::CatalogReader& reader, std::string_view endpoint);

// {"id","endpoint","model","live","created","actor","weight","spec","state"}: the weight that the candidate has, in parts
// of 10,000.
Json to_json(const Rollout& rollout);

}  // namespace modelyard::control
