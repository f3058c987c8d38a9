// An Outlook says what a gate can be expected to say of a rollout that has not begun: after how many samples it passes a
// candidate that is like stable, and how surely it would have failed one that does harm by then.
//
// Method:  judge() itself is asked of expected evidence (expectation.h), and where its answer changes is looked for by
//          halving. So what holds of its intervals, that they are wider because they hold at all times, holds here.
// Power:   of one look at the end of the step, with deviations taken as normal; looking earlier only adds to it.
// Harm:    a signal `times` what the gate allows; of a gate that allows none a rate of kHarmOfNone.
// Not:     signals that stable's own requests do not show (accuracy, metrics, disagreement, output_distance).
// Cost:    some dozens of judgements a gate and step: microseconds for rates, some milliseconds for latencies.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "rollout/gates/expectation.h"
#include "rollout/gates/gate.h"

namespace modelyard::rollout {

inline constexpr double kHarmOfNone = 0.01, kHarmTimes = 2;
inline constexpr double kLeastHarmTimes = 1.01, kMostHarmTimes = 1000;
inline constexpr std::uint64_t kMostForeseen = 1'000'000'000;  // samples

struct GateInPlan {
  const Gate& gate;
  double alpha = 0;  // of this gate
};

// What there is before a step, and the step.
struct StepInPlan {
  std::vector<ExpectedStep> before;
  double share = 0;
};

// Of the candidate, in this step; nothing when kMostForeseen do not pass it.
std::optional<std::uint64_t> samples_to_pass(const GateInPlan& gate, const StepInPlan& step, const Likeness& stable);

struct Harm {
  Likeness candidate;
  double value = 0;  // of the signal: a share, or milliseconds
};
// Nothing when it is not known what stable does.
std::optional<Harm> harm_of(const Gate& gate, const Likeness& stable, double times);

// With which probability the gate has failed by the end of these steps, 0 to 1.
double power(const GateInPlan& gate, const std::vector<ExpectedStep>& steps, const Likeness& stable, const Harm& harm);

// Whether requests of stable show the signal, and there were some.
bool is_foreseeable(const Gate& gate, const Likeness& stable);

}  // namespace modelyard::rollout
