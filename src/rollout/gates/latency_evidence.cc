#include "rollout/gates/latency_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modelyard::rollout {
namespace {

std::unique_ptr<statistics::Mixture> weigher_of(double quantile) {
  constexpr double kTunedAlpha = 0.05;  // of the boundary that is tight; evidence is valid at every level
  constexpr double kSlower = 20;        // it is tightest when so many are expected beyond the quantile
  auto mixture = statistics::beta_binomial_mixture({kSlower * quantile, kTunedAlpha, statistics::Sides::kTwo}, quantile,
                                                   1 - quantile);
  MODELYARD_CHECK(mixture.has_value(), "a quantile lies between 0 and 1");
  return std::move(mixture).value();
}

double begin_ms(std::size_t bucket) {
  constexpr double kNanosecondsOfMs = 1e6;
  return static_cast<double>(latency_bucket_begin(bucket)) / kNanosecondsOfMs;
}

std::size_t scaled(const LatencyScale& scale, std::size_t bucket) {
  constexpr double kMost = 1e18;
  const double value = scale.factor * static_cast<double>(latency_bucket_begin(bucket)) + scale.shift_ns;
  return latency_bucket(static_cast<std::uint64_t>(std::clamp(value, 0.0, kMost)));
}

}  // namespace

LatencyEvidence::LatencyEvidence(const LatencyCurve& curve, double quantile)
    : curve_(curve),
      quantile_(quantile),
      weigher_(weigher_of(quantile)),
      above_(kLatencyBuckets, std::nan("")),
      below_(kLatencyBuckets, std::nan("")) {}

double LatencyEvidence::weigh(double gap, std::size_t bucket) const {
  const double effect = curve_.design_effect(bucket);
  return weigher_->log_e(gap / effect, quantile_ * (1 - quantile_) * curve_.count() / effect);
}

double LatencyEvidence::above(std::size_t bucket) {
  double& known = above_[bucket];
  if (std::isnan(known)) known = weigh(std::min(0.0, curve_.below(bucket + 1) - quantile_ * curve_.count()), bucket);
  return known;
}

double LatencyEvidence::below(std::size_t bucket) {
  double& known = below_[bucket];
  if (std::isnan(known)) known = weigh(std::max(0.0, curve_.below(bucket) - quantile_ * curve_.count()), bucket);
  return known;
}

statistics::Interval LatencyEvidence::sure_ms(double alpha) {
  const double enough = -std::log(alpha);
  const std::size_t middle = quantile_bucket();
  statistics::Interval interval{0, std::numeric_limits<double>::infinity()};
  for (std::size_t i = middle; i-- > 0;) {
    if (above(i) < enough) continue;
    interval.low = begin_ms(i + 1);
    break;
  }
  for (std::size_t i = middle + 1; i < kLatencyBuckets; ++i) {
    if (below(i) < enough) continue;
    interval.high = begin_ms(i);
    break;
  }
  return interval;
}

bool is_surely_above(LatencyEvidence& a, LatencyEvidence& b, const LatencyScale& scale, double alpha) {
  const double enough = -std::log(alpha);
  const LatencyScale back = scale.inverse();
  // A latency within the bucket that both quantiles could be.
  const auto holds = [&](std::size_t bucket) { return a.above(bucket) + b.below(scaled(back, bucket)) < enough; };
  // Outside of the two quantiles one arm speaks against a latency more than at the nearer of them. Most often it is one
  // in the middle that holds.
  const auto [low, high] = std::minmax({a.quantile_bucket(), scaled(scale, b.quantile_bucket())});
  const std::size_t first = low - std::min<std::size_t>(low, 2), last = std::min(high + 2, kLatencyBuckets - 1);
  if (holds((first + last) / 2)) return false;
  for (std::size_t bucket = first; bucket <= last; ++bucket) {
    if (holds(bucket)) return false;
  }
  return true;
}

}  // namespace modelyard::rollout
