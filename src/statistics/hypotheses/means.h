// Whether two samples of one number lie alike.
//
// Samples are finite; their order does not matter.
// Errors: InvalidArgument for fewer than two values on a side, NaN or an infinity, an alpha outside of 0 … 1.
// Sources: Welch, Biometrika 1947; Mann & Whitney, Ann. Math. Stat. 1947; Hodges & Lehmann, Ann. Math.
// Stat. 1963; Hollander & Wolfe, Nonparametric Statistical Methods, 1999, ch. 4.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

// All that a comparison of means needs to know of a side.
struct MeanAndVariance {
  double count = 0;
  double mean = 0;
  double variance = 0;  // of the sample, n − 1
};

struct WelchTest {
  double t = 0;
  double degrees = 0;
  double p = 1;         // two-sided
  Interval difference;  // of the means a − b, with probability 1 − alpha
};

// Means of sides whose variances may differ.
Result<WelchTest> welch_test(const MeanAndVariance& a, const MeanAndVariance& b, double alpha);
Result<MeanAndVariance> mean_and_variance(std::span<const double> sample);

struct MannWhitneyTest {
  double u = 0;  // pairs in which a is above b; ties count half
  double p = 1;  // two-sided
};

// Whether one side tends to be above the other. Exact for up to 64 values without ties; otherwise by the normal
// approximation with corrections for ties and continuity.
Result<MannWhitneyTest> mann_whitney_test(std::span<const double> a, std::span<const double> b);

struct HodgesLehmann {
  double shift = 0;   // median of all differences b − a
  Interval interval;  // all shifts that the Mann–Whitney test does not reject at alpha
};

// By how much b lies above a. Its interval stands on the ranks of the differences: exactly for up to 64 values, by the
// normal approximation beyond (ties make it a little wide); all of them when no shift can be rejected. InvalidArgument
// for more than kMostPairs differences.
inline constexpr std::size_t kMostPairs = 4'000'000;
Result<HodgesLehmann> hodges_lehmann(std::span<const double> a, std::span<const double> b, double alpha);

}  // namespace modelyard::statistics
