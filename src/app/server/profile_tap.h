// ProfileTap lets what each request of one loop asked and answered go into its live profile.
#pragma once

#include <cstring>

#include "monitoring/profile/live_profiler.h"
#include "serving/tap.h"

namespace modelyard::app {

class ProfileTap final : public serving::Tap {
 public:
  explicit ProfileTap(monitoring::LiveProfiler& profiler) : profiler_(profiler) {}

  Status promise() override { return ok(); }

  std::uint64_t on_end(const serving::Ended& ended) override {
    monitoring::SeenPrediction seen{.endpoint = ended.request.endpoint,
                                    .version = ended.servable.ref(),
                                    .signature = ended.servable.signature(),
                                    .inputs = ended.request.inputs};
    if (ended.outputs != nullptr) seen.outputs = *ended.outputs;
    seen.failure = ended.failure;
    seen.latency = ended.durations.total;
    seen.rows = ended.rows;
    if (ended.settings != nullptr && ended.settings->recording.capture) {
      seen.masked = ended.settings->recording.capture->mask;
      seen.hashed = ended.settings->recording.capture->hash;
    }
    // The end of a UUID of version 7 is random.
    const auto& id = ended.prediction_id.bytes();
    std::memcpy(&seen.hash, id.data() + id.size() - sizeof seen.hash, sizeof seen.hash);
    profiler_.add(seen);
    return 0;
  }

  // Overload above all: whoever was sent away counts against the endpoint.
  void on_refused(const serving::Refused& refused) override {
    if (refused.servable == nullptr) return;
    profiler_.add({.endpoint = refused.endpoint,
                   .version = refused.servable->ref(),
                   .signature = refused.servable->signature(),
                   .failure = refused.code,
                   .latency = refused.took});
  }

 private:
  monitoring::LiveProfiler& profiler_;
};

}  // namespace modelyard::app
