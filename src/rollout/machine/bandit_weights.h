// The weights between which a bandit moves its candidate: few, so that there are many answers of each, which is what
// rewards are compared within (rollout/gates/rewards.h), and so that a plan is not published each second.
//
// Weights: the one it begins with, and tenths of what the floors leave: 5, 14, 23, … 95 % with a floor of 5 %.
// Moves:   to the one that is nearest to what the rewards ask for, when that is at least three quarters of a tenth from
//          where it stands, so that it does not go to and fro; and not before bandit_rest() has passed since the last one.
// Units:   parts of 10,000.
// Threads: pure. Pre: the stage is a bandit.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "rollout/machine/spec.h"

namespace modelyard::rollout {

// The one it begins with first, the others ascending; each once.
std::vector<int> bandit_weights(const Stage& stage);
bool is_bandit_weight(const Stage& stage, int weight);

// Where to go from `now`; `now` itself when it stays.
int next_bandit_weight(const Stage& stage, int now, int asked);

// A hundredth of the hold, at least a tick.
std::chrono::seconds bandit_rest(const RolloutSpec& spec, const Stage& stage);

}  // namespace modelyard::rollout
