#include "rollout/gates/outlook.h"

#include <algorithm>
#include <cmath>

#include "rollout/gates/judge.h"

namespace modelyard::rollout {
namespace {

Outcome outcome_after(const GateInPlan& gate, const std::vector<ExpectedStep>& steps, const Likeness& candidate,
                      const Likeness& stable, double luck = 0) {
  return judge(gate.gate, expect(steps, candidate, stable, gate.gate, luck), gate.alpha).outcome;
}

double* rate_of(const Gate& gate, Likeness& likeness) {
  switch (gate.signal) {
    case Signal::kErrorRate: return &likeness.failures;
    case Signal::kTimeoutRate: return &likeness.timeouts;
    case Signal::kNonfiniteRate: return &likeness.nonfinite;
    default: return nullptr;
  }
}

double quantile_ms(const Likeness& likeness, double quantile) {
  constexpr double kNanosecondsOfMs = 1e6;
  double below = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < likeness.latency.size() && below + likeness.latency[bucket] < quantile) {
    below += likeness.latency[bucket++];
  }
  return static_cast<double>(latency_bucket_begin(bucket)) / kNanosecondsOfMs;
}

// What the gate allows, where stable is as it is.
double allowed(const Gate& gate, double stable) {
  switch (gate.relative) {
    case RelativeTo::kStableTimes: return stable * gate.limit;
    case RelativeTo::kStablePlus: return stable + gate.limit;
    case RelativeTo::kNothing: break;
  }
  return gate.limit;
}

double normal_above(double deviations) {
  return std::erfc(deviations / std::sqrt(2.0)) / 2;
}

}  // namespace

bool is_foreseeable(const Gate& gate, const Likeness& stable) {
  if (gate.window) return false;  // when it moves, it begins anew
  Likeness copy;
  return gate.signal == Signal::kLatency ? !stable.latency.empty() : rate_of(gate, copy) != nullptr;
}

std::optional<std::uint64_t> samples_to_pass(const GateInPlan& gate, const StepInPlan& step, const Likeness& stable) {
  std::vector<ExpectedStep> steps = step.before;
  steps.push_back({step.share, 0});
  const auto passes = [&](std::uint64_t samples) {
    steps.back().samples = static_cast<double>(samples);
    return outcome_after(gate, steps, stable, stable) == Outcome::kPass;
  };
  if (passes(0)) return 0;
  std::uint64_t enough = 1;
  while (!passes(enough)) {
    if (enough >= kMostForeseen) return std::nullopt;
    enough = std::min(2 * enough, kMostForeseen);
  }
  std::uint64_t few = enough / 2;
  // To half a percent: it is an expectation.
  while (enough - few > std::max<std::uint64_t>(1, enough / 200)) {
    const std::uint64_t middle = few + (enough - few) / 2;
    (passes(middle) ? enough : few) = middle;
  }
  return enough;
}

std::optional<Harm> harm_of(const Gate& gate, const Likeness& stable, double times) {
  if (!is_foreseeable(gate, stable)) return std::nullopt;
  Harm harm{stable, 0};
  if (double* const rate = rate_of(gate, harm.candidate)) {
    harm.value = std::min(1.0, times * allowed(gate, *rate));
    if (!(harm.value > 0)) harm.value = kHarmOfNone;
    *rate = harm.value;
    return harm;
  }
  const double now = quantile_ms(stable, gate.quantile);
  if (!(now > 0)) return std::nullopt;
  harm.value = times * allowed(gate, now);
  harm.candidate = slowed(stable, harm.value / now);
  return harm;
}

double power(const GateInPlan& gate, const std::vector<ExpectedStep>& steps, const Likeness& stable, const Harm& harm) {
  constexpr double kFarthest = 4;  // deviations
  constexpr int kHalvings = 8;
  const auto fails = [&](double luck) {
    return outcome_after(gate, steps, harm.candidate, stable, luck) == Outcome::kFail;
  };
  double without = -kFarthest, with = kFarthest;
  if (!fails(with)) return 0;
  if (fails(without)) return 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (without + with) / 2;
    (fails(middle) ? with : without) = middle;
  }
  return normal_above((without + with) / 2);
}

}  // namespace modelyard::rollout
