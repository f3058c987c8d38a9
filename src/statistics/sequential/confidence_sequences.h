// Confidence sequences: intervals of a mean or share that hold at every time at once with a probability of 1 − alpha,
// so that one may look, and stop, whenever one wants.
//
// Errors:  InvalidArgument for an alpha outside of (0, 1), counts that do not fit.
// Threads: values of their own.
// Sources: Howard, Ramdas, McAuliffe & Sekhon, Ann. Statist. 2021 (bernoulli_sequence, bounded_mean_sequence);
//          Waudby-Smith & Ramdas, Estimating Means of Bounded Random Variables by Betting, JRSS B 2024, theorem 2
//          (EmpiricalBernstein); Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Time-uniform Central Limit Theory and
//          Asymptotic Confidence Sequences, Ann. Statist. 2024, theorem 2.2 (asymptotic_sequence).
#pragma once

#include "base/result.h"
#include "statistics/hypotheses/means.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

// The evidence against one share, as a natural logarithm (sequential/e_values.h). Tightest about `at` trials.
// Pre: 0 < share < 1, at > 0, successes of at most as many trials.
double bernoulli_log_e(const Share& seen, double share, double at = 100);
// Of a share: all that the evidence does not speak against. Tightest about `at` trials; at each candidate share the mixture is that of its own variance.
Result<Interval> bernoulli_sequence(const Share& share, double alpha, double at = 100);

// Of the mean of values in [0, 1], by their number alone: wide, and needs no variance. Tightest about `at` values.
Result<Interval> bounded_mean_sequence(double mean, double count, double alpha, double at = 100);

// Of any mean whose estimate is asymptotically normal: valid as the sample grows, so that it begins at a stated count.
// Tightest about `at` values.
inline constexpr double kLeastAsymptotic = 100;
Result<Interval> asymptotic_sequence(const MeanAndVariance& sample, double alpha, double at = 1000);

// Of the mean of values in [0, 1], value by value: narrow when they vary little.
class EmpiricalBernstein {
 public:
  // Pre: 0 < alpha < 1.
  explicit EmpiricalBernstein(double alpha) : side_(2 / alpha) {}

  // Pre: 0 ≤ value ≤ 1.
  void add(double value);
  // [0, 1] before the first value.
  Interval interval() const;

 private:
  // One side: a lower bound of the mean.
  struct Lower {
    double bets = 0;    // Σλ
    double won = 0;     // Σλx
    double paid = 0;    // Σv·ψ(λ)
    double before = 0;  // mean of the values so far, 0 before the first
  };
  void add(Lower& lower, double value, double bet) const;
  double bound(const Lower& lower) const;

  const double side_;  // 1/(alpha/2)
  double count_ = 0;
  double sum_ = 0;
  double squares_ = 0.25;  // ¼ + Σ(x − μ̂)²
  Lower low_, high_;       // of the values, and of 1 − them
};

}  // namespace modelyard::statistics
