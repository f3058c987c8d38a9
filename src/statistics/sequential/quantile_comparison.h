// Whether two arms have the same quantile, such as the 99th percentile of latency: always valid, and without any
// assumption on how values are distributed.
//
// Test:    under the hypothesis there is one value that is the quantile of both; at each candidate the counts below it
//          are sums of Bernoulli trials, whose evidence (a beta-binomial mixture) multiplies, since arms do not depend
//          on one another. The evidence is the least over all candidates.
// Errors:  InvalidArgument for an empty arm, NaN, a share outside of (0, 1).
// Cost:    O(n log n) in the values of both arms.
// Source:  Howard & Ramdas, Sequential Estimation of Quantiles with Applications to A/B Testing, Bernoulli 2022.
#pragma once

#include <span>

#include "base/result.h"

namespace modelyard::statistics {

struct QuantileComparison {
  double log_e = 0;
  double p = 1;
  double of_a = 0, of_b = 0;  // the quantiles seen
};

// Tightest about `at` values of each arm.
Result<QuantileComparison> compare_quantiles(std::span<const double> a, std::span<const double> b, double share,
                                             double at = 100);

}  // namespace modelyard::statistics
