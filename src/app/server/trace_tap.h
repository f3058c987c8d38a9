// TraceTap copies what a trace tells of a request into its loop's ring, when the trace is kept.
//
// Limits:  a text of the callers' is cut at kMostText bytes.
// Threads: of one loop; the exporter empties the ring.
//
// The trace of a request that brings none has its prediction id for an id: the answer tells it, the journal keeps it,
// and the last 56 bits of a UUIDv7 are as random as sampling wants them.
#pragma once

#include <atomic>
#include <functional>

#include "serving/tap.h"
#include "telemetry/traces/span_ring.h"
#include "telemetry/traces/trace_context.h"

namespace modelyard::app {

struct TracedPrediction {
  telemetry::TraceParent trace;  // its span is the parent; zeros: none
  telemetry::SpanId span{};
  std::string tracestate;
  Uuid prediction_id;
  std::string request_id;
  std::string endpoint;
  std::string model;  // "": no version was found
  VersionNumber version = 0;
  std::int64_t plan_revision = 0;
  serving::Protocol protocol{};
  std::int64_t rows = 0;
  std::int64_t run_rows = 0;  // of the whole run; 0: there was none
  UtcTime end{};
  serving::Durations durations;
  std::optional<Code> failure;
  bool was_taken = true;  // false: it has no prediction id

  bool has_parent() const { return trace.span != telemetry::SpanId{}; }
};

// One event loop's, with how many found no room.
struct TraceLane {
  static constexpr std::size_t kRecords = 2048;
  static constexpr std::size_t kMany = 128;  // the exporter is woken then: a batch

  telemetry::SpanRing<TracedPrediction> ring{kRecords};
  std::atomic<std::uint64_t> dropped_spans{0};
};

class TraceTap final : public serving::Tap {
 public:
  static constexpr std::size_t kMostText = 256;

  // Everything outlives it. `wake` is called when many records wait.
  TraceTap(TraceLane& lane, const telemetry::Sampler& sampler, Random& random, std::function<void()> wake)
      : lane_(lane), sampler_(sampler), random_(random), wake_(std::move(wake)) {}

  Status promise() override { return serving::no_record_is_kept(); }
  std::uint64_t on_end(const serving::Ended& ended) override;
  void on_refused(const serving::Refused& refused) override;

 private:
  // What a request says of itself.
  struct Names {
    std::string_view traceparent, tracestate, request_id, endpoint;
  };
  // Gives the record of a trace that is kept to `fill`, which says the rest.
  template <typename Fill>
  void tell(const Names& names, const Uuid& fresh, const serving::Durations& durations, Fill&& fill);

  TraceLane& lane_;
  const telemetry::Sampler& sampler_;
  Random& random_;
  const std::function<void()> wake_;
};

}  // namespace modelyard::app
