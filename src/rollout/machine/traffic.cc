#include "rollout/machine/traffic.h"

#include "rollout/traffic_plan.h"

namespace modelyard::rollout {

Traffic traffic_of(const RolloutSpec& spec, const RolloutState& state) {
  Traffic traffic;
  traffic.keeps_candidate = true;
  switch (place_of(state)) {
    case Phase::kPending:
    case Phase::kEnded: traffic.keeps_candidate = false; break;
    case Phase::kShadow: traffic.shadow_share = spec.stages[state.stage].share; break;
    case Phase::kCanary:
    case Phase::kExperiment: traffic.candidate_weight = spec.stages[state.stage].steps[state.step].weight; break;
    case Phase::kBandit: traffic.candidate_weight = state.bandit_weight; break;
    case Phase::kFull: traffic.candidate_weight = kWhole; break;
    case Phase::kDone:
      traffic.candidate_weight = kWhole;
      traffic.keeps_stable = false;
      break;
    case Phase::kVerifying:
    case Phase::kAborting:
    case Phase::kCooling:
    case Phase::kPaused:
    case Phase::kHolding: break;
  }
  traffic.falls_back = spec.fallback && traffic.keeps_stable && traffic.candidate_weight > 0;
  return traffic;
}

}  // namespace modelyard::rollout
