// LatencyEvidence is what the latencies of an arm say of where its quantile may be.
//
// Evidence: natural logarithms of e-values (statistics/sequential/e_values.h): the counts of faster requests against
//           the share that the quantile says, by a beta-binomial mixture, divided by their design effect.
// Sides:    only the begins of buckets are known; of what lies between it is what speaks least.
// Cost:     some microseconds a bucket, once.
// Threads:  a value of its own; the curve must outlive it.
// Source:   Howard & Ramdas, Sequential Estimation of Quantiles, Bernoulli 2022, as in
//           statistics/sequential/quantile_comparison.h, on buckets.
#pragma once

#include <memory>
#include <vector>

#include "rollout/gates/latency_curve.h"
#include "statistics/hypotheses/proportions.h"
#include "statistics/sequential/mixtures.h"

namespace modelyard::rollout {

class LatencyEvidence {
 public:
  // Pre: 0 < quantile < 1.
  LatencyEvidence(const LatencyCurve& curve, double quantile);

  // That the quantile is above all of the bucket, or below it.
  double above(std::size_t bucket);
  double below(std::size_t bucket);
  std::size_t quantile_bucket() const { return curve_.quantile_bucket(quantile_); }
  // Of the quantile, in milliseconds.
  statistics::Interval sure_ms(double alpha);

 private:
  double weigh(double gap, std::size_t bucket) const;

  const LatencyCurve& curve_;
  const double quantile_;
  std::unique_ptr<statistics::Mixture> weigher_;
  std::vector<double> above_, below_;  // NaN: not yet weighed
};

// How a latency of one arm is compared with one of the other: with factor·other + shift.
struct LatencyScale {
  double factor = 1;
  double shift_ns = 0;

  LatencyScale inverse() const { return {1 / factor, -shift_ns / factor}; }
};

// Whether it is sure, at 1 − alpha, that the quantile of `a` is above that of scaled `b`: at each latency that both
// could share, the evidence of the arms together speaks against it.
bool is_surely_above(LatencyEvidence& a, LatencyEvidence& b, const LatencyScale& scale, double alpha);

}  // namespace modelyard::rollout
