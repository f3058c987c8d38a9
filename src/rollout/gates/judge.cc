#include "rollout/gates/judge.h"

#include <algorithm>
#include <limits>

#include "rollout/gates/judging.h"

namespace modelyard::rollout {
namespace judging {

Verdict unjudged(const Gate& gate) {
  Verdict verdict;
  verdict.gate = gate.text;
  verdict.outcome = Outcome::kNoData;
  verdict.candidate = std::numeric_limits<double>::quiet_NaN();
  verdict.interval = {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  verdict.limit = gate.limit;
  return verdict;
}

Verdict no_data(const Gate& gate, double candidate_samples, double stable_samples, std::string because) {
  Verdict verdict = unjudged(gate);
  verdict.candidate_samples = static_cast<std::uint64_t>(candidate_samples);
  verdict.stable_samples = static_cast<std::uint64_t>(stable_samples);
  verdict.because = std::move(because);
  return verdict;
}

Verdict too_few(const Gate& gate, double samples, double stable_samples, std::string_view what) {
  if (samples == 0) return no_data(gate, samples, stable_samples, fmt::format("no {} of the candidate yet", what));
  return no_data(gate, samples, stable_samples,
                 fmt::format("{:.0f} {} of the candidate; the gate begins with {}", samples, what, gate.least_samples));
}

Outcome outcome_of(Comparison comparison, const statistics::Interval& interval, double limit) {
  const bool is_below = interval.high <= limit, is_above = interval.low >= limit;
  if (is_below == is_above) return Outcome::kInconclusive;
  return is_below == (comparison == Comparison::kAtMost) ? Outcome::kPass : Outcome::kFail;
}

std::string number_text(double value) {
  return std::abs(value) >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

std::string between(const statistics::Interval& interval, double scale, std::string_view unit) {
  const std::string low = number_text(scale * interval.low), high = number_text(scale * interval.high);
  if (std::isinf(interval.low) && std::isinf(interval.high)) return "it may be anything yet";
  if (std::isinf(interval.high)) return fmt::format("at least {}{}", low, unit);
  if (std::isinf(interval.low)) return fmt::format("at most {}{}", high, unit);
  return fmt::format("between {} and {}{}", low, high, unit);
}

std::string_view happened(Signal signal) {
  switch (signal) {
    case Signal::kErrorRate: return "requests failed";
    case Signal::kTimeoutRate: return "requests timed out";
    case Signal::kNonfiniteRate: return "answers were not finite";
    case Signal::kAccuracy: return "labelled answers were right";
    case Signal::kDisagreement: return "compared answers were unlike stable's";
    case Signal::kLatency:
    case Signal::kOutputDistance:
    case Signal::kMetric:
    case Signal::kExternal: break;
  }
  return "";
}

}  // namespace judging

Verdict judge(const Gate& gate, const GateEvidence& judged, double alpha) {
  const Evidence& evidence = *judged.evidence;
  if (gate.confidence) alpha = 1 - *gate.confidence;
  alpha *= judged.of_alpha;
  switch (gate.signal) {
    case Signal::kLatency:
      return gate.is_relative() ? judging::judge_relative_latency(gate, evidence, alpha)
                                : judging::judge_latency(gate, evidence, alpha);
    case Signal::kOutputDistance: return judging::judge_outputs(gate, evidence, alpha);
    case Signal::kMetric:
      return gate.is_relative() ? judging::judge_difference(gate, evidence, alpha)
                                : judging::judge_mean(gate, evidence, alpha);
    case Signal::kExternal: return judging::no_data(gate, 0, 0, "nobody has been asked for it");
    case Signal::kErrorRate:
    case Signal::kTimeoutRate:
    case Signal::kNonfiniteRate:
    case Signal::kAccuracy:
    case Signal::kDisagreement: break;
  }
  return gate.is_relative() ? judging::judge_difference(gate, evidence, alpha)
                            : judging::judge_share(gate, evidence, alpha);
}

double alpha_of_each(std::span<const Gate> gates, double alpha) {
  const auto sharing =
      std::ranges::count_if(gates, [](const Gate& gate) { return !gate.confidence && !gate.is_external(); });
  return alpha / static_cast<double>(std::max<std::ptrdiff_t>(1, sharing));
}

std::vector<Verdict> judge_all(std::span<const Gate> gates, const WindowedEvidence& evidence, double alpha,
                               const SplitVerdict& split) {
  const double part = alpha_of_each(gates, alpha);
  std::vector<Verdict> verdicts;
  for (const Gate& gate : gates) {
    Verdict verdict = judge(gate, evidence.of(gate), part);
    const bool stands = verdict.outcome == Outcome::kFail && !gate.is_relative();
    if (split.is_mismatch && !stands) {
      verdict.outcome = Outcome::kSrm;
      verdict.because = gate.is_external()
                            ? fmt::format("{}, so that what others say is not to be trusted", split.because)
                            : fmt::format("{}, so that this is not to be trusted: {}", split.because, verdict.because);
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace modelyard::rollout
