// Intervals and tests for shares: successes out of trials.
//
// Errors: InvalidArgument for trials of zero or beyond 2^52, successes beyond the trials, an alpha outside of 0 … 1.
// Sources: Wilson, JASA 1927; Newcombe, Interval Estimation for the Difference Between Independent Proportions, Stat.
//          Med. 1998, method 10; Clopper & Pearson, Biometrika 1934.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace modelyard::statistics {

struct Share {
  std::uint64_t successes = 0;
  std::uint64_t trials = 0;

  double value() const { return static_cast<double>(successes) / static_cast<double>(trials); }
};

struct Interval {
  double low = 0;
  double high = 0;
};

// Holds the true share with a probability of about 1 − alpha; good for small samples, too.
Result<Interval> wilson_interval(const Share& share, double alpha);
// At least 1 − alpha; wider.
Result<Interval> clopper_pearson_interval(const Share& share, double alpha);
// Of the difference a − b.
Result<Interval> newcombe_interval(const Share& a, const Share& b, double alpha);

struct ZTest {
  double z = 0;
  double p = 1;  // two-sided
};

// Whether both shares are the same, with their pooled variance; z is zero when neither side varies.
Result<ZTest> two_proportion_test(const Share& a, const Share& b);

// Two-sided: the probability of all outcomes that are no likelier than this one, if the true share is `share`.
Result<double> binomial_test(const Share& seen, double share);

}  // namespace modelyard::statistics
