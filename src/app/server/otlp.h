// OTLP: the spans of predictions as OpenTelemetry's collectors read them.
//
// Source: opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto, version 1. Names of
//         attributes are those of the semantic conventions where there are some, else modelyard.*
// Limits: texts are sent as ASCII: a receiver refuses a whole batch for a byte that is not UTF-8, and request ids are
//         the callers'.
#pragma once

#include <string>

#include "app/server/trace_tap.h"

namespace modelyard::app {

// Who sends spans.
struct TraceResource {
  std::string service_version;
  std::string host;
};

telemetry::SpanId make_span_id(Random& random);

// The span of the request, and one for each phase when it was run.
std::uint64_t span_count(const serving::Durations& durations);
// Appends that many, as they stand in a request.
void append_spans(std::string& spans, const TracedPrediction& prediction, Random& random);

// An ExportTraceServiceRequest.
std::string export_request(const TraceResource& resource, std::string_view spans);

// What an ExportTraceServiceResponse complains of; nothing for one that cannot be read.
struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string why;
};
PartialSuccess read_partial_success(std::string_view response);

}  // namespace modelyard::app
