// What the evidence of a rollout shows at one look: the part of a Look that is counted, for whoever serves and whoever
// simulates.
//
// Steps:   evidence is kept by the place of a step in the order of all steps of the spec; what comes behind the last
//          one, when the candidate has everything, has a place of its own. Each weight of a bandit has a place, so that
//          in every place one share was planned, and what is compared within places is not mixed up by weights that move.
// Threads: pure. Pre: the state is one of the spec's, the gates are parsed from all_gates().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/split.h"
#include "rollout/gates/windows.h"
#include "rollout/machine/machine.h"

namespace modelyard::rollout {

// Every line of the spec, each once.
std::vector<std::string> all_gates(const RolloutSpec& spec);
// The gate that is like the reward of the spec's bandit.
std::optional<Gate> reward_of(const RolloutSpec& spec);
// Those that judge where the rollout stands.
std::vector<std::string> gates_in_force(const RolloutSpec& spec, const RolloutState& state);

// A bandit counts once for each of its weights.
int count_steps(const RolloutSpec& spec);
// Under which number of a step evidence is kept; none while the candidate is asked nothing.
std::optional<int> counted_step(const RolloutSpec& spec, const RolloutState& state);
// Below this one, no step comes back: a bandit may return to each of its own.
std::optional<int> steps_behind(const RolloutSpec& spec, const RolloutState& state);
// The share of requests that the candidate is to have in that step.
double planned_share(const RolloutSpec& spec, int step);
// The first step that plans this share of requests; that behind the last one for all of them.
std::optional<int> step_with_share(const RolloutSpec& spec, int weight);
std::uint64_t candidate_requests(const Evidence& evidence, int step);

// Whether requests went where the steps plan them.
SplitVerdict judge_split(const RolloutSpec& spec, const Evidence& evidence);

// Alpha is split over the gates of the whole rollout; those of other steps are not asked now.
std::vector<Verdict> judge_evidence(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                                    const WindowedEvidence& evidence);

// Sets samples and verdicts of the look, and the weight that rewards ask for; leaves them as they are while the candidate
// is asked nothing. Samples of a bandit are those of all its weights.
void see_evidence(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                  const WindowedEvidence& evidence, Look& look);

}  // namespace modelyard::rollout
