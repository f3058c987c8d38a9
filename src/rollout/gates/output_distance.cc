#include "rollout/gates/output_distance.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "rollout/gates/step_part.h"
#include "rollout/gates/unit_sums.h"
#include "statistics/experiments/units.h"
#include "statistics/sequential/mixture_test.h"

namespace modelyard::rollout {
namespace {

std::size_t bins_of(const Evidence& evidence) {
  for (const StepEvidence& step : evidence.steps) {
    if (step.candidate.output_bins > 0) return step.candidate.output_bins;
  }
  return 0;
}

UnitRatio bin_share(const ArmEvidence& arm, std::size_t bin) {
  UnitRatio share;
  for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
    for (std::size_t i = 0; i < arm.output_bins; ++i) {
      share.n[unit] += static_cast<double>(arm.outputs[unit * arm.output_bins + i]);
    }
    share.y[unit] = static_cast<double>(arm.outputs[unit * arm.output_bins + bin]);
    share.total_n += share.n[unit];
    share.total_y += share.y[unit];
  }
  share.squares = share.total_y;
  return share;
}

std::vector<StepPart> parts_of(const Evidence& evidence, std::size_t bins, std::size_t bin) {
  std::vector<StepPart> parts;
  for (const StepEvidence& step : evidence.steps) {
    if (step.candidate.outputs.empty() || step.stable.outputs.empty()) continue;
    if (step.candidate.output_bins != bins || step.stable.output_bins != bins) continue;
    StepPart part{0, bin_share(step.candidate, bin), bin_share(step.stable, bin)};
    part.weight = step_weight(part.candidate.total_n, part.stable.total_n);
    if (part.weight > 0) parts.push_back(part);
  }
  return parts;
}

struct BinDifference {
  ClusterSum sum;
  UnitRatio candidate, stable;
  double of_candidate = 0, of_stable = 0;  // variance factors

  double independent() const {
    return candidate.value() * (1 - candidate.value()) * of_candidate +
           stable.value() * (1 - stable.value()) * of_stable;
  }
};

BinDifference difference_of(const std::vector<StepPart>& parts) {
  BinDifference difference;
  double all = 0;
  for (const StepPart& part : parts) all += part.weight;
  for (const StepPart& part : parts) {
    difference.sum.add(part.weight / all, part.candidate);
    difference.sum.add(-part.weight / all, part.stable);
    difference.candidate.add(part.candidate);
    difference.stable.add(part.stable);
  }
  difference.of_candidate = variance_factor(parts, all, &StepPart::candidate);
  difference.of_stable = variance_factor(parts, all, &StepPart::stable);
  return difference;
}

// The widest that the difference of any set of bins may be off.
double half_width(const BinDifference& any, double effect, std::size_t bins, double alpha) {
  constexpr double kTau = 0.05;
  constexpr double kLargestSpread = 0.25;
  const double variance = effect * kLargestSpread * (any.of_candidate + any.of_stable);
  // A set and its complement differ by as much, so that half of all sets are looked at, on both sides.
  const double of_a_set = alpha / std::exp2(static_cast<double>(bins) - 1);
  return statistics::mixture_test(0, variance, kTau, of_a_set).interval.high;
}

}  // namespace

std::optional<OutputDistance> find_output_distance(const Evidence& evidence, double alpha) {
  const std::size_t bins = bins_of(evidence);
  OutputDistance distance;
  BinDifference last;
  double clustered = 0, independent = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const auto parts = parts_of(evidence, bins, bin);
    if (parts.empty()) return std::nullopt;
    last = difference_of(parts);
    distance.value += std::abs(last.sum.value()) / 2;
    clustered += last.sum.variance();
    independent += last.independent();
  }
  if (bins == 0) return std::nullopt;
  distance.candidate_samples = last.candidate.total_n;  // of every bin they are the same
  distance.stable_samples = last.stable.total_n;
  const auto buckets = static_cast<double>(std::min(last.candidate.buckets(), last.stable.buckets()));
  const bool has_units = buckets >= statistics::kLeastUnits && independent > 0;
  const double half = half_width(last, has_units ? std::max(1.0, clustered / independent) : 1, bins, alpha);
  distance.interval = {std::max(0.0, distance.value - half), std::min(1.0, distance.value + half)};
  return distance;
}

}  // namespace modelyard::rollout
