#include "rollout/gates/external_signal.h"

#include <algorithm>

#include "rollout/gates/judging.h"

namespace modelyard::rollout {
namespace {

bool is_good(const Gate& gate, double value) {
  return gate.comparison == Comparison::kAtMost ? value <= gate.limit : value >= gate.limit;
}

// The newest ones, up to the first that is good.
int bad_in_a_row(const Gate& gate, const SignalReading& reading) {
  const auto good = std::find_if(reading.values.rbegin(), reading.values.rend(),
                                 [&](const SignalValue& one) { return is_good(gate, one.value); });
  return static_cast<int>(good - reading.values.rbegin());
}

std::string time_text(UtcTime time) {
  return format_utc(time).substr(0, sizeof("2026-11-24T07:15:32") - 1) + "Z";
}

std::string said(const Gate& gate, const ExternalSignal& signal, const SignalValue& value) {
  return fmt::format("{} was {:.6g} at {}, says '{}'{}{}", gate.metric, value.value, time_text(value.asked),
                     signal.source, value.reason.empty() ? "" : ": ", value.reason);
}

std::string lacks(const SignalReading& reading) {
  return reading.lacking.empty() ? "" : fmt::format("; asked since: {}", reading.lacking);
}

}  // namespace

void SignalReading::add(SignalValue value) {
  if (values.size() == ExternalSignal::kMostFailures) values.erase(values.begin());
  values.push_back(std::move(value));
  ++count;
  lacking.clear();
}

Verdict judge_signal(const Gate& gate, const ExternalSignal& signal, const SignalReading& reading, UtcTime step_since,
                     UtcTime now) {
  Verdict verdict = judging::unjudged(gate);
  verdict.candidate_samples = reading.count;
  if (reading.values.empty()) {
    verdict.because = fmt::format("'{}' has said nothing of {} yet{}", signal.source, gate.metric, lacks(reading));
    return verdict;
  }
  const SignalValue& newest = reading.values.back();
  verdict.because = said(gate, signal, newest);
  const auto age = now - newest.asked;  // below 0 when the clock was set back since
  if (age > ExternalSignal::kStaleAfter * signal.interval || -age > signal.interval) {
    verdict.because += fmt::format(", which is too old{}", lacks(reading));
    return verdict;
  }
  const int bad = bad_in_a_row(gate, reading);
  if (bad == 0 && newest.asked < step_since) {
    verdict.because += fmt::format(", before this step{}", lacks(reading));
    return verdict;
  }
  verdict.candidate = newest.value;
  verdict.interval = {newest.value, newest.value};
  verdict.outcome = bad == 0 ? Outcome::kPass : bad < signal.failures ? Outcome::kInconclusive : Outcome::kFail;
  if (bad > 0)
    verdict.because += fmt::format("; {} of {} in a row are bad", std::min(bad, signal.failures), signal.failures);
  verdict.because +=
      fmt::format("; the limit is {:.6g}; how certain that is, the source knows{}", gate.limit, lacks(reading));
  return verdict;
}

}  // namespace modelyard::rollout
