#include "rollout/gates/expectation.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace modelyard::rollout {
namespace {

// So many, over places with these weights: each place is off by less than one.
void spread(double count, std::span<const double> weights, std::uint64_t* to, std::size_t stride) {
  double weighed = 0;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weighed += weights[i];
    const auto until = static_cast<std::uint64_t>(std::llround(count * std::min(1.0, weighed)));
    to[i * stride] += until - std::min(until, given);
    given = std::max(given, until);
  }
}

void spread_evenly(double count, std::uint64_t* to, std::size_t stride = 1) {
  static const std::vector<double> kEven(kUnitBuckets, 1.0 / kUnitBuckets);
  spread(count, kEven, to, stride);
}

void fill(ArmEvidence& arm, double samples, const Likeness& likeness) {
  spread_evenly(samples, arm.requests.data());
  spread_evenly(std::round(samples * likeness.failures), arm.failures.data());
  spread_evenly(std::round(samples * likeness.timeouts), arm.timeouts.data());
  spread_evenly(std::round(samples * likeness.nonfinite), arm.nonfinite.data());
  if (likeness.latency.empty()) return;
  spread(std::round(samples), likeness.latency, arm.latency.data(), 1);
  std::array<double, kLatencyClasses> of_class{};
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) of_class[latency_class(i)] += static_cast<double>(arm.latency[i]);
  for (std::size_t i = 0; i < kLatencyClasses; ++i) {
    spread_evenly(of_class[i], arm.latency_units.data() + i, kLatencyClasses);
  }
}

// The share at each latency up to which requests are faster goes down by so many deviations.
std::vector<double> unlucky(const std::vector<double>& latency, double luck, double scale) {
  std::vector<double> moved(latency.size());
  double below = 0, before = 0;
  for (std::size_t i = 0; i < latency.size(); ++i) {
    below += latency[i];
    const double deviation = std::sqrt(std::max(0.0, below * (1 - below)) * scale);
    const double until = std::clamp(below - luck * deviation, before, 1.0);
    moved[i] = until - before;
    before = until;
  }
  if (!moved.empty()) moved.back() += 1 - before;
  return moved;
}

double shifted(double share, double of_stable, double luck, double per_candidate, double per_stable) {
  const double variance = share * (1 - share) * per_candidate + of_stable * (1 - of_stable) * per_stable;
  return std::clamp(share + luck * std::sqrt(variance), 0.0, 1.0);
}

}  // namespace

Likeness likeness_of(const ArmEvidence& arm) {
  Likeness likeness;
  const auto requests = static_cast<double>(total(arm.requests)), timed = static_cast<double>(total(arm.latency));
  if (requests > 0) {
    likeness.failures = static_cast<double>(total(arm.failures)) / requests;
    likeness.timeouts = static_cast<double>(total(arm.timeouts)) / requests;
    likeness.nonfinite = static_cast<double>(total(arm.nonfinite)) / requests;
  }
  if (timed > 0) {
    for (const std::uint64_t count : arm.latency) likeness.latency.push_back(static_cast<double>(count) / timed);
  }
  return likeness;
}

Likeness slowed(const Likeness& likeness, double factor) {
  Likeness slow = likeness;
  std::ranges::fill(slow.latency, 0.0);
  for (std::size_t i = 0; i < likeness.latency.size(); ++i) {
    const double nanoseconds = factor * static_cast<double>(latency_bucket_begin(i));
    slow.latency[latency_bucket(static_cast<std::uint64_t>(nanoseconds))] += likeness.latency[i];
  }
  return slow;
}

Evidence expect(std::span<const ExpectedStep> steps, const Likeness& candidate, const Likeness& stable,
                const Gate& gate, double luck) {
  double candidates = 0, stables = 0;
  const auto of_stable = [](const ExpectedStep& step) {
    return step.share > 0 ? step.samples * (1 - step.share) / step.share : 0;
  };
  for (const ExpectedStep& step : steps) {
    candidates += step.samples;
    stables += of_stable(step);
  }
  const double per_candidate = candidates > 0 ? 1 / candidates : 0;
  const double per_stable = gate.is_relative() && stables > 0 ? 1 / stables : 0;
  Likeness seen = candidate;
  seen.failures = shifted(candidate.failures, stable.failures, luck, per_candidate, per_stable);
  seen.timeouts = shifted(candidate.timeouts, stable.timeouts, luck, per_candidate, per_stable);
  seen.nonfinite = shifted(candidate.nonfinite, stable.nonfinite, luck, per_candidate, per_stable);
  if (luck != 0) seen.latency = unlucky(candidate.latency, luck, per_candidate + per_stable);
  Evidence evidence;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!(steps[i].samples >= 1)) continue;
    StepEvidence& step = step_of(evidence, static_cast<int>(i));
    fill(step.candidate, steps[i].samples, seen);
    fill(step.stable, of_stable(steps[i]), stable);
  }
  return evidence;
}

}  // namespace modelyard::rollout
