// Exemplars keeps, for each bucket of the latency histograms, the last kept trace that fell into it.
//
// Threads: any; the request path has no part in it.
// Limits:  kMostHistograms histograms; then it begins anew.
#pragma once

#include <array>
#include <map>
#include <tuple>

#include "app/server/trace_tap.h"
#include "base/mutex.h"
#include "telemetry/exposition.h"

namespace modelyard::app {

class Exemplars {
 public:
  static constexpr std::size_t kMostHistograms = 1024;
  using OfBuckets = std::array<std::optional<telemetry::Exemplar>, serving::kLatencyBounds.size() + 1>;

  void take(const TracedPrediction& prediction);
  OfBuckets find(const VersionRef& version, serving::Protocol protocol, int outcome) const;

 private:
  using Key = std::tuple<std::string, VersionNumber, serving::Protocol, int>;

  mutable Mutex mutex_;
  std::map<Key, OfBuckets> histograms_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::app
