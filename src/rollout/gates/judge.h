// judge says of each gate whether the evidence of a rollout keeps it, breaks it, or does not tell yet. It may be asked
// at every tick: a gate that is kept is failed, ever, with a probability of at most alpha, and one that is broken is
// passed with no more.
//
//   rates, disagreement, accuracy  absolute: a confidence sequence of the share, of counts divided by the design effect
//                                  of units (unit_sums.h). Against stable: differences.h, by a mixture with a τ of
//                                  four margins, or of kTauOfRates, kTauOfAccuracy without one. Labelled pairs count
//                                  for accuracy.
//   metric:NAME                    the mean, likewise, by a mixture with a τ of four margins, or a tenth of a deviation
//   latency                        the quantile's interval, of counts of slower requests; latency_evidence.h
//   output_distance                output_distance.h
//   signal:NAME                    never: judge_signal() of external_signal.h judges what is no evidence
//
// Pass, fail: when all of the interval is on the good, or the bad side of the limit. A gate against stable is of
//             non-inferiority: what is compared with the limit is candidate − stable (candidate/stable of latencies
//             with a factor; candidate − factor·stable, with limit 0, of others). Absolute gates add steps up, others
//             compare within steps.
// Limit 0%:   no count proves that a rate is 0. It fails with the first that is seen, and passes when none was among
//             the gate's least samples; the sentence says up to which rate that may yet be luck: somewhat more than the
//             3/n of a single look.
// No data:    fewer samples than the gate's, of the candidate; for gates against stable, and means, units in fewer than
//             kLeastUnits buckets too. What Gate::on_no_data makes of it is left to who knows that time is up.
// Constant:   a metric of which no value differs from another is taken at its word.
// Windows:    windows.h says what they hold, and which part of alpha they have.
// Threads:    pure. Pre: 0 < alpha < 1.
#pragma once

#include <span>
#include <vector>

#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/split.h"
#include "rollout/gates/verdict.h"
#include "rollout/gates/windows.h"

namespace modelyard::rollout {

inline constexpr double kTauOfRates = 0.01, kTauOfAccuracy = 0.02;
inline constexpr std::uint64_t kLeastOfStable = 100;  // samples

// At the gate's own confidence, else at 1 − alpha.
Verdict judge(const Gate& gate, const GateEvidence& judged, double alpha);
inline Verdict judge(const Gate& gate, const Evidence& evidence, double alpha) {
  return judge(gate, GateEvidence{&evidence}, alpha);
}

// Of those that have no confidence of their own and are no external signals, when all of them share alpha.
double alpha_of_each(std::span<const Gate> gates, double alpha);

// Alpha is of all gates together that have no confidence of their own, external signals apart: each gets an equal part
// (Bonferroni). When the split is broken only the failures of absolute gates stand; all else is kSrm. Pre: the evidence
// was told of the gates.
std::vector<Verdict> judge_all(std::span<const Gate> gates, const WindowedEvidence& evidence, double alpha,
                               const SplitVerdict& split);

}  // namespace modelyard::rollout
