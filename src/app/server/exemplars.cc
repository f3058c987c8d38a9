#include "app/server/exemplars.h"

#include <fmt/format.h>

#include <algorithm>

namespace modelyard::app {

void Exemplars::take(const TracedPrediction& prediction) {
  if (!prediction.was_taken) return;
  telemetry::Exemplar exemplar;
  for (const std::uint8_t byte : prediction.trace.trace) exemplar.trace_id += fmt::format("{:02x}", byte);
  exemplar.value = std::chrono::duration<double>(prediction.durations.total).count();
  exemplar.timestamp = static_cast<double>(utc_micros(prediction.end)) / 1e6;
  const auto bucket = std::lower_bound(serving::kLatencyBounds.begin(), serving::kLatencyBounds.end(), exemplar.value) -
                      serving::kLatencyBounds.begin();
  const int outcome = prediction.failure ? serving::outcome_of(*prediction.failure) : 0;
  Key key{prediction.model, prediction.version, prediction.protocol, outcome};
  MutexLock lock(mutex_);
  if (histograms_.size() >= kMostHistograms && !histograms_.contains(key)) histograms_.clear();
  histograms_[std::move(key)][static_cast<std::size_t>(bucket)] = std::move(exemplar);
}

Exemplars::OfBuckets Exemplars::find(const VersionRef& version, serving::Protocol protocol, int outcome) const {
  MutexLock lock(mutex_);
  const auto found = histograms_.find(Key{version.model, version.version, protocol, outcome});
  return found == histograms_.end() ? OfBuckets{} : found->second;
}

}  // namespace modelyard::app
