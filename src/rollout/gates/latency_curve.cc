#include "rollout/gates/latency_curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rollout/gates/step_part.h"
#include "rollout/gates/unit_sums.h"
#include "statistics/experiments/units.h"

namespace modelyard::rollout {
namespace {

constexpr double kNanosecondsOfMs = 1e6;

// Of requests of a class or above, what is known of the share that they are.
struct SlowerShare {
  ClusterSum sum;
  double independent = 0;  // its variance if requests were
};
using SlowerShares = std::array<SlowerShare, kLatencyClasses>;

std::uint64_t class_count(const ArmEvidence& arm, std::size_t unit, std::size_t latency_class) {
  return arm.latency_units[unit * kLatencyClasses + latency_class];
}

UnitRatio latencies_by_unit(const ArmEvidence& arm) {
  UnitRatio share;
  for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
    for (std::size_t i = 0; i < kLatencyClasses; ++i) share.n[unit] += static_cast<double>(class_count(arm, unit, i));
    share.total_n += share.n[unit];
  }
  return share;
}

void add(SlowerShares& shares, const ArmEvidence& arm, UnitRatio slower, double weight) {
  for (std::size_t i = kLatencyClasses; i-- > 0;) {
    for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
      const auto count = static_cast<double>(class_count(arm, unit, i));
      slower.y[unit] += count;
      slower.total_y += count;
    }
    shares[i].sum.add(weight, slower);
    shares[i].independent += weight * weight * slower.value() * (1 - slower.value()) / slower.total_n;
  }
}

double begin_ms(std::size_t bucket) {
  return static_cast<double>(latency_bucket_begin(bucket)) / kNanosecondsOfMs;
}

}  // namespace

double latency_samples(const ArmEvidence& arm) {
  return static_cast<double>(std::accumulate(arm.latency.begin(), arm.latency.end(), std::uint64_t{0}));
}

LatencyCurve::LatencyCurve(std::span<const WeightedArm> parts) : below_(kLatencyBuckets + 1) {
  double variance = 0;
  for (const auto& [arm, weight] : parts) variance += weight * weight / latency_samples(*arm);
  count_ = 1 / variance;
  for (const auto& [arm, weight] : parts) {
    const double scale = count_ * weight / latency_samples(*arm);
    double sum = 0;
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
      sum += static_cast<double>(arm->latency[i]);
      below_[i + 1] += scale * sum;
    }
  }
  find_design_effects(parts);
}

void LatencyCurve::find_design_effects(std::span<const WeightedArm> parts) {
  design_effects_.fill(1);
  SlowerShares shares;
  UnitRatio all;
  for (const auto& [arm, weight] : parts) {
    const UnitRatio part = latencies_by_unit(*arm);
    if (part.total_n == 0) continue;
    add(shares, *arm, part, weight);
    all.add(part);
  }
  if (static_cast<double>(all.buckets()) < statistics::kLeastUnits) return;
  for (std::size_t i = 1; i < kLatencyClasses; ++i) {
    if (!(shares[i].independent > 0)) continue;
    const double effect = shares[i].sum.variance() / shares[i].independent;
    for (const std::size_t beside : {i - 1, i}) design_effects_[beside] = std::max(design_effects_[beside], effect);
  }
}

std::size_t LatencyCurve::quantile_bucket(double quantile) const {
  constexpr double kRounding = 1e-9;
  const double rank = quantile * count_ * (1 - kRounding);
  const auto up_to = std::lower_bound(below_.begin() + 1, below_.end() - 1, rank);
  return static_cast<std::size_t>(up_to - below_.begin()) - 1;
}

double LatencyCurve::quantile_ms(double quantile) const {
  const std::size_t bucket = quantile_bucket(quantile);
  return bucket + 1 < kLatencyBuckets ? (begin_ms(bucket) + begin_ms(bucket + 1)) / 2 : begin_ms(bucket);
}

std::optional<LatencyCurves> find_latency_curves(const Evidence& evidence) {
  std::vector<WeightedArm> candidate, stable;
  double all = 0, candidates = 0, stables = 0;
  for (const StepEvidence& step : evidence.steps) {
    const double of_candidate = latency_samples(step.candidate), of_stable = latency_samples(step.stable);
    const double weight = step_weight(of_candidate, of_stable);
    if (weight == 0) continue;
    candidate.push_back({&step.candidate, weight});
    stable.push_back({&step.stable, weight});
    all += weight;
    candidates += of_candidate;
    stables += of_stable;
  }
  if (candidate.empty()) return std::nullopt;
  for (auto* const arm : {&candidate, &stable}) {
    for (WeightedArm& part : *arm) part.weight /= all;
  }
  return LatencyCurves{LatencyCurve(candidate), LatencyCurve(stable), candidates, stables};
}

}  // namespace modelyard::rollout
