// What another way of choosing arms would have earned, from what was logged while arms were chosen with known
// probabilities.
//
// IPS:   mean of w·r, w = target/propensity: unbiased, and noisy where propensities are small.
// SNIPS: Σw·r/Σw: a little biased, far less noisy; its variance by the delta method (experiments/units.h).
// DR:    mean of v + w·(r − q), with a model's reward q of the arm that was taken and v of the target's choice: unbiased
//        when either the propensities or the model are right.
// Each result's `variance` is that of one row's part: variance/count is that of the estimate.
// Errors: InvalidArgument for a propensity outside of (0, 1], a target outside of [0, 1], values that are not finite;
//         FailedPrecondition for fewer than two rows (SNIPS: kLeastUnits).
// Sources: Horvitz & Thompson, JASA 1952; Swaminathan & Joachims, The Self-normalized Estimator, NeurIPS 2015; Dudík,
//          Langford & Li, Doubly Robust Policy Evaluation and Learning, ICML 2011.
#pragma once

#include <span>

#include "base/result.h"
#include "statistics/hypotheses/means.h"

namespace modelyard::statistics {

struct LoggedChoice {
  double reward = 0;
  double propensity = 1;      // with which the arm was taken
  double target = 0;          // with which the other way takes it
  double modelled = 0;        // DR: the model's reward of the arm
  double modelled_other = 0;  // DR: the model's expected reward of the other way
};

Result<MeanAndVariance> ips_estimate(std::span<const LoggedChoice> choices);
Result<MeanAndVariance> snips_estimate(std::span<const LoggedChoice> choices);
Result<MeanAndVariance> doubly_robust_estimate(std::span<const LoggedChoice> choices);

}  // namespace modelyard::statistics
