#include "app/server/trace_tap.h"

#include "app/server/otlp.h"

namespace modelyard::app {

template <typename Fill>
void TraceTap::tell(const Names& names, const Uuid& fresh, const serving::Durations& durations, Fill&& fill) {
  const auto trace = telemetry::choose_trace(names.traceparent, fresh.bytes(), sampler_);
  if (!trace) return;
  const bool has_room = lane_.ring.push([&](TracedPrediction& record) {
    record.trace = *trace;
    record.span = make_span_id(random_);
    record.tracestate.clear();
    if (!record.has_parent()) {
      record.tracestate = sampler_.tracestate();
    } else if (telemetry::is_tracestate(names.tracestate)) {
      record.tracestate = names.tracestate;
    }
    record.request_id = names.request_id.substr(0, kMostText);
    record.endpoint = names.endpoint.substr(0, kMostText);
    record.durations = durations;
    fill(record);
  });
  if (!has_room) {
    lane_.dropped_spans.fetch_add(span_count(durations), std::memory_order_relaxed);
  } else if (lane_.ring.size() == TraceLane::kMany) {
    wake_();
  }
}

std::uint64_t TraceTap::on_end(const serving::Ended& ended) {
  const inference::InferRequest& request = ended.request;
  const Names names{request.traceparent, request.tracestate, request.request_id, request.endpoint};
  tell(names, ended.prediction_id, ended.durations, [&](TracedPrediction& record) {
    record.was_taken = true;
    record.prediction_id = ended.prediction_id;
    record.model = ended.servable.ref().model;
    record.version = ended.servable.ref().version;
    record.plan_revision = ended.plan_revision;
    record.protocol = ended.protocol;
    record.rows = ended.rows;
    record.run_rows = ended.place.rows;
    record.end = ended.time;
    record.failure = ended.failure;
  });
  return 0;
}

void TraceTap::on_refused(const serving::Refused& refused) {
  const Names names{refused.traceparent, refused.tracestate, refused.request_id, refused.endpoint};
  serving::Durations durations;
  durations.total = refused.took;
  tell(names, Uuid::make_v7(refused.time, random_), durations, [&](TracedPrediction& record) {
    record.was_taken = false;
    record.model = refused.servable != nullptr ? std::string_view(refused.servable->ref().model) : std::string_view();
    record.version = refused.servable != nullptr ? refused.servable->ref().version : 0;
    record.plan_revision = record.rows = record.run_rows = 0;
    record.protocol = refused.protocol;
    record.end = refused.time;
    record.failure = refused.code;
  });
}

}  // namespace modelyard::app
