#include <algorithm>

#include "rollout/gates/differences.h"
#include "rollout/gates/judge.h"
#include "rollout/gates/judging.h"
#include "rollout/gates/latency_evidence.h"
#include "rollout/gates/output_distance.h"
#include "rollout/gates/unit_sums.h"
#include "statistics/experiments/units.h"
#include "statistics/sequential/mixture_test.h"

namespace modelyard::rollout::judging {
namespace {

// Of the candidate, over all steps; of pairs for disagreement.
UnitRatio sum_up(const Gate& gate, const Evidence& evidence) {
  UnitRatio sum;
  for (const StepEvidence& step : evidence.steps) {
    if (gate.signal == Signal::kDisagreement) {
      sum.add(share_of(step.pairs.disagreed, step.pairs.compared));
    } else if (const auto part = signal_of(gate, step.candidate)) {
      sum.add(*part);
    }
  }
  return sum;
}

// The trials at which a share's interval is to be tightest: when some tens of events are expected at the limit.
double tightest_at(double limit) {
  constexpr double kEvents = 20, kLeast = 100, kMost = 1e6;
  const double rarer = std::min(limit, 1 - limit);
  return rarer > 0 ? std::clamp(kEvents / rarer, kLeast, kMost) : kLeast;
}

std::string_view counted(Signal signal) {
  return signal == Signal::kDisagreement ? "compared answers" : signal == Signal::kAccuracy ? "labels" : "requests";
}

// What dependent requests are worth, where it matters.
std::string worth(double samples, double effect) {
  constexpr double kMatters = 1.5;
  if (effect < kMatters) return "";
  return fmt::format("; users' requests go together and count as {:.0f}", samples / effect);
}

std::string sentence_of(const Gate& gate, const UnitRatio& share, const statistics::Interval& interval) {
  if (gate.limit == 0 && share.total_y == 0) {
    return fmt::format("none of {:.0f} {}; that may be luck up to a rate of {} %", share.total_n, happened(gate.signal),
                       number_text(100 * interval.high));
  }
  return fmt::format("{} % of {:.0f} {} ({}{}); the limit is {} %", number_text(100 * share.value()), share.total_n,
                     happened(gate.signal), between(interval, 100, " %"), worth(share.total_n, design_effect(share)),
                     number_text(100 * gate.limit));
}

}  // namespace

Verdict judge_share(const Gate& gate, const Evidence& evidence, double alpha) {
  const UnitRatio share = sum_up(gate, evidence);
  const auto least = static_cast<double>(gate.least_samples);
  if (share.total_n < least) return too_few(gate, share.total_n, 0, counted(gate.signal));
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(share.total_n);
  verdict.candidate = share.value();
  verdict.interval = sure_share(share, alpha, tightest_at(gate.limit));
  if (gate.limit == 0) {
    verdict.outcome = share.total_y > 0 ? Outcome::kFail : Outcome::kPass;
  } else {
    verdict.outcome = outcome_of(gate.comparison, verdict.interval, gate.limit);
  }
  verdict.because = sentence_of(gate, share, verdict.interval);
  return verdict;
}

Verdict judge_mean(const Gate& gate, const Evidence& evidence, double alpha) {
  constexpr double kTauOfDeviation = 0.1;
  const UnitRatio mean = sum_up(gate, evidence);
  if (mean.total_n < static_cast<double>(gate.least_samples)) return too_few(gate, mean.total_n, 0, "values");
  if (static_cast<double>(mean.buckets()) < statistics::kLeastUnits) {
    return no_data(gate, mean.total_n, 0,
                   fmt::format("values of {} groups of units: a mean begins with {:.0f}", mean.buckets(),
                               statistics::kLeastUnits));
  }
  ClusterSum sum;
  sum.add(1, mean);
  const double spread = spread_of(mean, gate.signal), variance = std::max(sum.variance(), spread / mean.total_n);
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(mean.total_n);
  verdict.candidate = mean.value();
  verdict.interval = {mean.value(), mean.value()};
  if (variance > 0) {
    const double tau = kTauOfDeviation * std::sqrt(spread);
    verdict.interval = statistics::mixture_test(mean.value(), variance, tau, alpha).interval;
  }
  verdict.outcome = outcome_of(gate.comparison, verdict.interval, gate.limit);
  verdict.because =
      fmt::format("{} is {} of {:.0f} values ({}); the limit is {}", gate.metric, number_text(mean.value()),
                  mean.total_n, between(verdict.interval, 1, ""), number_text(gate.limit));
  return verdict;
}

Verdict judge_latency(const Gate& gate, const Evidence& evidence, double alpha) {
  std::vector<WeightedArm> parts;
  double all = 0;
  for (const StepEvidence& step : evidence.steps) {
    const double samples = latency_samples(step.candidate);
    if (samples > 0) parts.push_back({&step.candidate, samples});
    all += samples;
  }
  if (all < static_cast<double>(gate.least_samples)) return too_few(gate, all, 0, "latencies");
  for (WeightedArm& part : parts) part.weight /= all;
  const LatencyCurve curve(parts);
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(all);
  verdict.candidate = curve.quantile_ms(gate.quantile);
  verdict.interval = LatencyEvidence(curve, gate.quantile).sure_ms(alpha);
  verdict.outcome = outcome_of(gate.comparison, verdict.interval, gate.limit);
  verdict.because =
      fmt::format("{} is {} of {:.0f} requests ({}); the limit is {} ms", signal_text(gate),
                  number_text(verdict.candidate), all, between(verdict.interval, 1, " ms"), number_text(gate.limit));
  return verdict;
}

Verdict judge_outputs(const Gate& gate, const Evidence& evidence, double alpha) {
  const auto distance = find_output_distance(evidence, alpha);
  if (!distance) return too_few(gate, 0, 0, "answers beside stable's");
  if (distance->candidate_samples < static_cast<double>(gate.least_samples)) {
    return too_few(gate, distance->candidate_samples, distance->stable_samples, "answers");
  }
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(distance->candidate_samples);
  verdict.stable_samples = static_cast<std::uint64_t>(distance->stable_samples);
  verdict.candidate = distance->value;
  verdict.interval = distance->interval;
  verdict.outcome = outcome_of(gate.comparison, verdict.interval, gate.limit);
  verdict.because = fmt::format("{:.0f} answers lie {} from {:.0f} of stable ({}); the limit is {}",
                                distance->candidate_samples, number_text(distance->value), distance->stable_samples,
                                between(distance->interval, 1, ""), number_text(gate.limit));
  return verdict;
}

}  // namespace modelyard::rollout::judging
