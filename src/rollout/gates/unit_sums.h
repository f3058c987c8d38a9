// UnitRatio and ClusterSum: shares and means whose variance is taken over buckets of units, since the requests of one
// user are alike, and as many of them say less than as many strangers would.
//
// Variance: of a weighted sum of ratios Σ w·Σy/Σn by the delta method: B/(B − 1)·Σ z², where z of a bucket is the sum
//           of w·(y − R·n)/N over all parts, those of other steps and of the other arm too, in which its users may be.
// Begins:   at statistics::kLeastUnits buckets with requests; below it nothing is known of how alike they are.
// Threads:  values.
// Source:   Deng, Knoblich & Lu, Applying the Delta Method in Metric Analytics, KDD 2018
//           (statistics/experiments/units.h); design effect: Kish, Survey Sampling, 1965.
#pragma once

#include <array>
#include <cstddef>

#include "rollout/gates/evidence.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {

using UnitValues = std::array<double, kUnitBuckets>;

// Of one arm: y of n, by bucket.
struct UnitRatio {
  UnitValues y{}, n{};
  double total_y = 0, total_n = 0;
  double squares = 0;  // of all y, one by one

  double value() const { return total_y / total_n; }
  std::size_t buckets() const;  // with anything in them
  void add(const UnitRatio& other);
};

// A place with more successes than trials, as a copy that was made meanwhile may have, counts as all successes.
UnitRatio share_of(const Counts& successes, const Counts& trials);
UnitRatio mean_of(const MetricEvidence& metric);

class ClusterSum {
 public:
  // Pre: total_n > 0.
  void add(double weight, const UnitRatio& part);
  double value() const { return value_; }
  double variance() const;

 private:
  double value_ = 0;
  UnitValues influence_{};
  std::array<bool, kUnitBuckets> is_used_{};
};

// How many times as large the variance of a share is as it was with independent requests: at least 1, and 1 below the
// buckets that it begins with.
double design_effect(const UnitRatio& share);

// The interval of a share that holds at all looks, from what its requests are worth. Tightest about `at` trials.
// Pre: total_n > 0, 0 < alpha < 1, at > 0.
statistics::Interval sure_share(const UnitRatio& share, double alpha, double at);

}  // namespace modelyard::rollout
