// What a look sees of external signals, beside what is counted.
//
// Threads: pure. Pre: the state is one of the spec's, the gates are parsed from all_gates().
#pragma once

#include <set>
#include <span>
#include <string>

#include "rollout/gates/external_signal.h"
#include "rollout/machine/looking.h"

namespace modelyard::rollout {

// Those that gates ask for where the rollout stands; none while the candidate is asked nothing.
std::set<std::string> signals_in_force(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates);

// Judges the gates on signals, behind see_evidence(): where the split is broken, only failures stand.
void see_signals(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                 const SignalReadings& readings, Look& look);

}  // namespace modelyard::rollout
