// The machine of a rollout: what follows from where it stands and what is seen. It owns no clock and asks nobody, so
// that the same code serves and simulates.
//
// Rules:   A guard that fails, or a candidate that does, takes all traffic back in one decision: in a freeze, in a
//          pause, and while the old version is kept warm.
//          A step is left when its time and samples are there and every gate passes. No data is never a pass, and a gate
//          that was not judged has none.
//          What the rewards of a bandit say, for the candidate or against it, decides when the step has its time and
//          samples, and not while it is paused; until then its weight follows them (bandit_weights.h).
//          srm holds: requests did not reach the versions as planned, and nothing else that is seen can be trusted.
//          At most_duration a step is inconclusive, and the spec says whether that holds or aborts; of gates without
//          data, those with `nodata fail` reject the candidate then, and those with `nodata pass` are waited for no more.
//          Where data were not asked for yet, that is no silence: it is waited for kAskedWithin more, and then held.
//          In a freeze nothing moves forward, but backing out does.
// Times:   by the clock, also those at which nobody looked; samples are only those that a look has seen.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rollout/gates/verdict.h"
#include "rollout/machine/spec.h"
#include "rollout/machine/state.h"

namespace modelyard::rollout {

enum class Readiness { kWaiting, kReady, kFailed };

// Labels and external signals are asked for anew when a server has started.
inline constexpr std::chrono::minutes kAskedWithin{10};

// What is seen at one time.
struct Look {
  UtcTime now;
  Readiness readiness = Readiness::kWaiting;  // of the candidate
  std::string failure;                        // why, when it failed
  bool in_force = false;                      // the traffic of the state is what is served
  std::uint64_t candidate_samples = 0;        // answers of the candidate in this step
  std::uint64_t shadow_samples = 0;           // copies compared in this step
  std::optional<int> bandit_weight;           // that the rewards ask for, in parts of 10,000
  std::vector<Verdict> verdicts;              // one for each of verdict_lines(), by its text; all must pass
  std::vector<std::string> unasked;           // gates whose data nobody has asked for yet, as after a start
};

struct Decision {
  RolloutState next;
  bool changed = false;  // store next with its audit row, and publish its traffic
  std::string why;       // of the change, or what is waited for
};

// What is judged where a stage stands: gates_of(), and before them the reward of a bandit.
std::vector<std::string> verdict_lines(const RolloutSpec& spec, std::size_t stage, std::size_t step);

// Pre: the state is one of the spec's. Terminal states stay as they are.
Decision advance(const RolloutSpec& spec, const RolloutState& state, const Look& look);

}  // namespace modelyard::rollout
