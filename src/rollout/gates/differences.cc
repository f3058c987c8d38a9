#include "rollout/gates/differences.h"

#include <algorithm>
#include <cmath>

#include "rollout/gates/step_part.h"

namespace modelyard::rollout {
namespace {

// Each labelled pair is 1 when only the candidate was right, −1 when only stable was.
UnitRatio pairs_of(const PairEvidence& pairs) {
  UnitRatio won = share_of(pairs.candidate_only, pairs.labelled);
  const UnitRatio lost = share_of(pairs.stable_only, pairs.labelled);
  for (std::size_t i = 0; i < kUnitBuckets; ++i) won.y[i] -= lost.y[i];
  won.total_y -= lost.total_y;
  won.squares += lost.squares;
  return won;
}

std::vector<StepPart> parts_of(const Gate& gate, const Evidence& evidence) {
  std::vector<StepPart> parts;
  for (const StepEvidence& step : evidence.steps) {
    const auto candidate = signal_of(gate, step.candidate), stable = signal_of(gate, step.stable);
    if (!candidate || !stable) continue;
    parts.push_back({step_weight(candidate->total_n, stable->total_n), *candidate, *stable});
  }
  return parts;
}

std::vector<UnitRatio> pairs_of(const Gate& gate, const Evidence& evidence) {
  std::vector<UnitRatio> pairs;
  if (gate.signal != Signal::kAccuracy || gate.relative != RelativeTo::kStablePlus) return pairs;
  for (const StepEvidence& step : evidence.steps) {
    UnitRatio of_step = pairs_of(step.pairs);
    if (of_step.total_n > 0) pairs.push_back(of_step);
  }
  return pairs;
}

// Sums up what the parts and the pairs say, whose weights sum to `all`.
struct Summed {
  ClusterSum sum;
  double independent = 0;
};

void add_parts(Summed& summed, Difference& difference, const std::vector<StepPart>& parts, const Gate& gate,
               double all) {
  const double factor = gate.relative == RelativeTo::kStableTimes ? gate.limit : 1;
  double of_parts = 0;
  for (const StepPart& part : parts) {
    summed.sum.add(part.weight / all, part.candidate);
    summed.sum.add(-factor * part.weight / all, part.stable);
    difference.candidate.add(part.candidate);
    difference.stable.add(part.stable);
    difference.candidate_is += part.weight * part.candidate.value();
    difference.stable_is += part.weight * part.stable.value();
    of_parts += part.weight;
  }
  difference.candidate_is /= of_parts;  // NaN without parts
  difference.stable_is /= of_parts;
  if (parts.empty()) return;
  const double candidate = spread_of(difference.candidate, gate.signal);
  const double stable = spread_of(difference.stable, gate.signal);
  summed.independent += candidate * variance_factor(parts, all, &StepPart::candidate) +
                        factor * factor * stable * variance_factor(parts, all, &StepPart::stable);
  difference.spread = std::sqrt((candidate + stable) / 2);
}

void add_pairs(Summed& summed, Difference& difference, const std::vector<UnitRatio>& pairs, const Gate& gate,
               double all) {
  for (const UnitRatio& part : pairs) {
    const double weight = part.total_n / all;
    summed.sum.add(weight, part);
    summed.independent += weight * weight * spread_of(part, gate.signal) / part.total_n;
    difference.pairs += part.total_n;
    difference.candidate_only += (part.squares + part.total_y) / 2;
    difference.stable_only += (part.squares - part.total_y) / 2;
    difference.candidate.add(part);
    difference.stable.add(part);
  }
}

}  // namespace

std::optional<UnitRatio> signal_of(const Gate& gate, const ArmEvidence& arm) {
  std::optional<UnitRatio> found;
  switch (gate.signal) {
    case Signal::kErrorRate: found = share_of(arm.failures, arm.requests); break;
    case Signal::kTimeoutRate: found = share_of(arm.timeouts, arm.requests); break;
    case Signal::kNonfiniteRate: found = share_of(arm.nonfinite, arm.requests); break;
    case Signal::kAccuracy:
    case Signal::kMetric:
      if (const auto metric = arm.metrics.find(gate.metric); metric != arm.metrics.end()) {
        found = mean_of(metric->second);
      }
      break;
    case Signal::kLatency:
    case Signal::kDisagreement:
    case Signal::kOutputDistance:
    case Signal::kExternal: break;
  }
  return found && found->total_n > 0 ? found : std::nullopt;
}

double spread_of(const UnitRatio& all, Signal signal) {
  constexpr double kMore = 2;
  if (signal == Signal::kMetric) {
    return std::max(0.0, all.squares - all.total_y * all.value()) / std::max(1.0, all.total_n - 1);
  }
  // Of pairs, whose values are −1, 0 and 1, the squares are the share that differs.
  const double share = (all.squares + kMore) / (all.total_n + 2 * kMore), mean = all.value();
  return std::max(share * (1 - share), share - mean * mean);
}

std::optional<Difference> find_difference(const Gate& gate, const Evidence& evidence) {
  const auto parts = parts_of(gate, evidence);
  const auto pairs = pairs_of(gate, evidence);
  double all = 0;
  for (const StepPart& part : parts) all += part.weight;
  for (const UnitRatio& part : pairs) all += part.total_n;
  if (!(all > 0)) return std::nullopt;
  Difference difference;
  Summed summed;
  add_parts(summed, difference, parts, gate, all);
  add_pairs(summed, difference, pairs, gate, all);
  difference.value = summed.sum.value();
  difference.variance = std::max(summed.sum.variance(), summed.independent);
  return difference;
}

}  // namespace modelyard::rollout
