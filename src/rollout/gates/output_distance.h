// OutputDistance is how far the candidate's answers lie from those of stable: total variation, ½·Σ|p − q| over bins,
// which is the share of answers that would have to be others. 0 is alike, 1 has nothing in common.
//
// Interval: of all sets of bins at once, each by a mixture (statistics/sequential/mixture_test.h) with the largest
//           variance that a share has, so that it is valid at all looks; its half grows with √bins. Of the same mixture
//           of steps, and by the design effect of units over all bins.
// Threads:  pure.
// Source:   the maximum over sets is total variation by definition (Levin, Peres & Wilmer, Markov Chains and Mixing
//           Times, 2017, ch. 4); a union bound over them as in Devroye, Ann. Statist. 1983.
#pragma once

#include <optional>

#include "rollout/gates/evidence.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {

struct OutputDistance {
  double value = 0;
  statistics::Interval interval;
  double candidate_samples = 0, stable_samples = 0;
};

// At 1 − alpha; nothing when no step has answers of both arms. Pre: 0 < alpha < 1.
std::optional<OutputDistance> find_output_distance(const Evidence& evidence, double alpha);

}  // namespace modelyard::rollout
