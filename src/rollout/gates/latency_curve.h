// LatencyCurve is how the latencies of one arm lie, over all its steps, and what its requests are worth.
//
// Counts:  parts are weighted, so that both arms of a rollout can be given the same mixture of steps: counts are those
//          of as many requests as know as much as the mixture does. With one part they are its own.
// Units:   the design effect is that of the share that is slower, at a class of latencies, whichever end of it has
//          more.
// Threads: a value.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "rollout/gates/evidence.h"

namespace modelyard::rollout {

struct WeightedArm {
  const ArmEvidence* arm = nullptr;
  double weight = 0;  // of all parts they sum to 1
};

double latency_samples(const ArmEvidence& arm);

class LatencyCurve {
 public:
  // Pre: each part has latencies.
  explicit LatencyCurve(std::span<const WeightedArm> parts);

  std::size_t quantile_bucket(double quantile) const;
  double quantile_ms(double quantile) const;  // the middle of that bucket
  // Requests in lower buckets, of all count(). Pre: bucket ≤ kLatencyBuckets.
  double below(std::size_t bucket) const { return below_[bucket]; }
  double count() const { return count_; }
  double design_effect(std::size_t bucket) const { return design_effects_[latency_class(bucket)]; }

 private:
  void find_design_effects(std::span<const WeightedArm> parts);

  double count_ = 0;
  std::vector<double> below_;  // [bucket]: requests in lower ones; one place more than buckets
  std::array<double, kLatencyClasses> design_effects_{};
};

// The latencies of both arms in the same mixture of steps.
struct LatencyCurves {
  LatencyCurve candidate, stable;
  double candidate_samples = 0, stable_samples = 0;
};
std::optional<LatencyCurves> find_latency_curves(const Evidence& evidence);

}  // namespace modelyard::rollout
