#include "rollout/gates/unit_sums.h"

#include <algorithm>
#include <cmath>

#include "statistics/experiments/units.h"
#include "statistics/sequential/confidence_sequences.h"

namespace modelyard::rollout {

std::size_t UnitRatio::buckets() const {
  return static_cast<std::size_t>(std::ranges::count_if(n, [](double count) { return count > 0; }));
}

void UnitRatio::add(const UnitRatio& other) {
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    y[i] += other.y[i];
    n[i] += other.n[i];
  }
  total_y += other.total_y;
  total_n += other.total_n;
  squares += other.squares;
}

UnitRatio share_of(const Counts& successes, const Counts& trials) {
  UnitRatio share;
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    share.n[i] = static_cast<double>(trials[i]);
    share.y[i] = static_cast<double>(std::min(successes[i], trials[i]));
    share.total_n += share.n[i];
    share.total_y += share.y[i];
  }
  share.squares = share.total_y;
  return share;
}

UnitRatio mean_of(const MetricEvidence& metric) {
  UnitRatio mean;
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    mean.n[i] = static_cast<double>(metric.counts[i]);
    mean.y[i] = metric.sums[i];
    mean.total_n += mean.n[i];
    mean.total_y += mean.y[i];
    mean.squares += metric.squares[i];
  }
  return mean;
}

void ClusterSum::add(double weight, const UnitRatio& part) {
  const double ratio = part.value();
  value_ += weight * ratio;
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    influence_[i] += weight * (part.y[i] - ratio * part.n[i]) / part.total_n;
    is_used_[i] = is_used_[i] || part.n[i] > 0;
  }
}

double ClusterSum::variance() const {
  const auto buckets = static_cast<double>(std::ranges::count(is_used_, true));
  double sum = 0;
  for (const double influence : influence_) sum += influence * influence;
  return buckets > 1 ? sum * buckets / (buckets - 1) : 0;
}

double design_effect(const UnitRatio& share) {
  if (static_cast<double>(share.buckets()) < statistics::kLeastUnits) return 1;
  const double independent = share.value() * (1 - share.value()) / share.total_n;
  if (!(independent > 0)) return 1;
  ClusterSum sum;
  sum.add(1, share);
  return std::max(1.0, sum.variance() / independent);
}

statistics::Interval sure_share(const UnitRatio& share, double alpha, double at) {
  const double effect = design_effect(share);
  const double trials = std::floor(share.total_n / effect), successes = share.total_y / effect;
  // Parts of a success are rounded away from being evidence.
  const auto bound = [&](double count) {
    const statistics::Share seen{static_cast<std::uint64_t>(std::min(count, trials)),
                                 static_cast<std::uint64_t>(trials)};
    return statistics::bernoulli_sequence(seen, alpha, at).value_or(statistics::Interval{0, 1});
  };
  const statistics::Interval low = bound(std::floor(successes));
  return {low.low, successes == std::floor(successes) ? low.high : bound(std::ceil(successes)).high};
}

}  // namespace modelyard::rollout
