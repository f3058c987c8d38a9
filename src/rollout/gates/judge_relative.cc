#include <algorithm>
#include <limits>

#include "rollout/gates/differences.h"
#include "rollout/gates/judge.h"
#include "rollout/gates/judging.h"
#include "rollout/gates/latency_evidence.h"
#include "statistics/experiments/units.h"
#include "statistics/sequential/mixture_test.h"

namespace modelyard::rollout::judging {
namespace {

constexpr double kNanosecondsOfMs = 1e6;

// An effect that would matter, fixed before anything is seen; of a metric nothing is known but how much it varies. Four
// margins: what is far worse is found when few have seen it, and what is just within is passed a fifth later.
double tau_of(const Gate& gate, const Difference& difference) {
  constexpr double kTauOfDeviation = 0.1, kMargins = 4;
  if (gate.relative == RelativeTo::kStablePlus && gate.limit != 0) return kMargins * std::abs(gate.limit);
  if (gate.signal == Signal::kMetric) return kTauOfDeviation * difference.spread;
  return gate.signal == Signal::kAccuracy ? kTauOfAccuracy : kTauOfRates;
}

std::string arms_of(const Gate& gate, const Difference& difference) {
  if (std::isnan(difference.candidate_is)) {
    return fmt::format("of {:.0f} labelled pairs only the candidate was right on {:.0f}, only stable on {:.0f}",
                       difference.pairs, difference.candidate_only, difference.stable_only);
  }
  const double candidates = difference.candidate.total_n - difference.pairs;
  const double stables = difference.stable.total_n - difference.pairs;
  if (gate.signal == Signal::kMetric) {
    return fmt::format("{} is {} of {:.0f} values, {} of {:.0f} of stable", gate.metric,
                       number_text(difference.candidate_is), candidates, number_text(difference.stable_is), stables);
  }
  return fmt::format("{} % of {:.0f} {}, {} % of {:.0f} of stable", number_text(100 * difference.candidate_is),
                     candidates, happened(gate.signal), number_text(100 * difference.stable_is), stables);
}

std::string_view more_or_less(double value) {
  return value < 0 ? "less" : "more";
}

std::string sentence_of(const Gate& gate, const Difference& difference, const Verdict& verdict) {
  const bool is_share = gate.signal != Signal::kMetric;
  const double scale = is_share ? 100 : 1;
  const std::string_view unit = is_share ? " points" : "";
  const std::string times =
      gate.relative == RelativeTo::kStableTimes ? fmt::format(" {} times", number_text(gate.limit)) : "";
  return fmt::format("{}: {}{} {} than{} stable ({}); the limit is {}{}", arms_of(gate, difference),
                     number_text(scale * std::abs(difference.value)), unit, more_or_less(difference.value), times,
                     between(verdict.interval, scale, unit), number_text(scale * verdict.limit), unit);
}

// Where a statement that is true of small values becomes false, looked for between two.
template <typename IsTrue>
double edge(double is_true, double is_false, IsTrue holds) {
  constexpr int kSteps = 14;
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (is_true + is_false) / 2;
    (holds(middle) ? is_true : is_false) = middle;
  }
  return is_true;
}

// All factors, or shifts in milliseconds, that the latencies do not speak against.
statistics::Interval sure_scale(const Gate& gate, const LatencyCurves& curves, double alpha) {
  const bool is_factor = gate.relative == RelativeTo::kStableTimes;
  const double ms = curves.candidate.quantile_ms(gate.quantile), of_stable = curves.stable.quantile_ms(gate.quantile);
  LatencyEvidence candidate(curves.candidate, gate.quantile), stable(curves.stable, gate.quantile);
  // Factors are looked for by their logarithms.
  const auto scale = [&](double value) {
    return is_factor ? LatencyScale{std::exp(value), 0} : LatencyScale{1, value * kNanosecondsOfMs};
  };
  const auto is_above = [&](double value) { return is_surely_above(candidate, stable, scale(value), alpha); };
  const auto is_below = [&](double value) { return is_surely_above(stable, candidate, scale(value).inverse(), alpha); };
  constexpr double kFarthestFactor = 8;  // of what is seen; beyond it nothing is said
  const double seen = is_factor ? std::log(ms / of_stable) : ms - of_stable;
  const double farthest = is_factor ? std::log(kFarthestFactor) : ms + of_stable;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double low = is_above(seen - farthest) ? edge(seen - farthest, seen, is_above) : -kInfinity;
  const double high = is_below(seen + farthest) ? edge(seen + farthest, seen, is_below) : kInfinity;
  return is_factor ? statistics::Interval{std::exp(low), std::exp(high)} : statistics::Interval{low, high};
}

}  // namespace

Verdict judge_difference(const Gate& gate, const Evidence& evidence, double alpha) {
  const auto difference = find_difference(gate, evidence);
  if (!difference) return no_data(gate, 0, 0, "no step has samples of both versions yet");
  const double candidates = difference->candidate.total_n, stables = difference->stable.total_n;
  if (candidates < static_cast<double>(gate.least_samples)) return too_few(gate, candidates, stables, "samples");
  const std::size_t buckets = std::min(difference->candidate.buckets(), difference->stable.buckets());
  if (static_cast<double>(buckets) < statistics::kLeastUnits) {
    return no_data(gate, candidates, stables,
                   fmt::format("samples of {} groups of units: a comparison begins with {:.0f}", buckets,
                               statistics::kLeastUnits));
  }
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(candidates);
  verdict.stable_samples = static_cast<std::uint64_t>(stables);
  verdict.candidate = difference->candidate_is;
  if (!std::isnan(difference->stable_is)) verdict.stable = difference->stable_is;
  verdict.limit = gate.relative == RelativeTo::kStablePlus ? gate.limit : 0;
  verdict.interval = {difference->value, difference->value};
  if (difference->variance > 0) {
    verdict.interval =
        statistics::mixture_test(difference->value, difference->variance, tau_of(gate, *difference), alpha).interval;
  }
  verdict.outcome = outcome_of(gate.comparison, verdict.interval, verdict.limit);
  verdict.because = sentence_of(gate, *difference, verdict);
  return verdict;
}

Verdict judge_relative_latency(const Gate& gate, const Evidence& evidence, double alpha) {
  const auto curves = find_latency_curves(evidence);
  if (!curves) return no_data(gate, 0, 0, "no step has latencies of both versions yet");
  if (curves->candidate_samples < static_cast<double>(gate.least_samples)) {
    return too_few(gate, curves->candidate_samples, curves->stable_samples, "latencies");
  }
  if (curves->stable_samples < static_cast<double>(kLeastOfStable)) {
    return no_data(
        gate, curves->candidate_samples, curves->stable_samples,
        fmt::format("{:.0f} latencies of stable; a comparison begins with {}", curves->stable_samples, kLeastOfStable));
  }
  const bool is_factor = gate.relative == RelativeTo::kStableTimes;
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(curves->candidate_samples);
  verdict.stable_samples = static_cast<std::uint64_t>(curves->stable_samples);
  verdict.candidate = curves->candidate.quantile_ms(gate.quantile);
  verdict.stable = curves->stable.quantile_ms(gate.quantile);
  verdict.interval = sure_scale(gate, *curves, alpha);
  verdict.outcome = outcome_of(gate.comparison, verdict.interval, verdict.limit);
  const double seen = is_factor ? verdict.candidate / *verdict.stable : verdict.candidate - *verdict.stable;
  const std::string apart = is_factor
                                ? fmt::format("{} times stable", number_text(seen))
                                : fmt::format("{} ms {} than stable", number_text(std::abs(seen)), more_or_less(seen));
  verdict.because = fmt::format("{} is {} ms of {} requests, {} ms of {} of stable: {} ({}); the limit is {}",
                                signal_text(gate), number_text(verdict.candidate), verdict.candidate_samples,
                                number_text(*verdict.stable), verdict.stable_samples, apart,
                                between(verdict.interval, 1, is_factor ? " times" : " ms"), number_text(gate.limit));
  return verdict;
}

}  // namespace modelyard::rollout::judging
