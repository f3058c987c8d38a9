#include "app/server/otlp.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "edge/codec/protobuf/wire.h"
#include "edge/grpc/grpc_status.h"
#include "edge/inference_api/inference_api.h"

namespace modelyard::app {
namespace {

using edge::append_bytes;
using edge::append_fixed32;
using edge::append_fixed64;
using edge::append_number;
using std::chrono::nanoseconds;

enum SpanField : std::uint32_t {
  kTraceId = 1,
  kSpanId = 2,
  kTraceState = 3,
  kParentSpanId = 4,
  kName = 5,
  kKind = 6,
  kStart = 7,
  kEnd = 8,
  kAttributes = 9,
  kStatus = 15,
  kFlags = 16
};
constexpr std::uint64_t kInternal = 1, kServer = 2;               // Span.SpanKind
constexpr std::uint64_t kError = 2;                               // Status.StatusCode
constexpr std::uint32_t kKnowsRemote = 0x100, kIsRemote = 0x200;  // SpanFlags
constexpr std::uint64_t kPhases = 3;

template <typename Id>
std::string_view view_of(const Id& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

std::string ascii(std::string_view text) {
  std::string clean(text);
  std::replace_if(clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return clean;
}

// KeyValue: key = 1, value = 2.
void append_attribute(std::string& out, std::uint32_t field, std::string_view key, const std::string& value) {
  std::string pair;
  append_bytes(pair, 1, key);
  append_bytes(pair, 2, value);
  append_bytes(out, field, pair);
}

// AnyValue: string_value = 1, bool_value = 2, int_value = 3.
class Attributes {
 public:
  Attributes(std::string& out, std::uint32_t field) : out_(out), field_(field) {}

  void text(std::string_view key, std::string_view value) {
    std::string any;
    append_bytes(any, 1, ascii(value));
    append_attribute(out_, field_, key, any);
  }
  void number(std::string_view key, std::int64_t value) {
    std::string any;
    append_number(any, 3, static_cast<std::uint64_t>(value));
    append_attribute(out_, field_, key, any);
  }
  void yes(std::string_view key) {
    std::string any;
    append_number(any, 2, 1);
    append_attribute(out_, field_, key, any);
  }

 private:
  std::string& out_;
  const std::uint32_t field_;
};

struct Frame {
  std::string_view name;
  const telemetry::SpanId& id;
  const telemetry::SpanId& parent;
  std::uint64_t kind;
  std::uint32_t flags;
  nanoseconds start, end;  // since 1970
};

std::string begin_span(const TracedPrediction& prediction, const Frame& frame) {
  std::string span;
  append_bytes(span, kTraceId, view_of(prediction.trace.trace));
  append_bytes(span, kSpanId, view_of(frame.id));
  if (!prediction.tracestate.empty()) append_bytes(span, kTraceState, prediction.tracestate);
  if (frame.parent != telemetry::SpanId{}) append_bytes(span, kParentSpanId, view_of(frame.parent));
  append_bytes(span, kName, frame.name);
  append_number(span, kKind, frame.kind);
  append_fixed64(span, kStart, static_cast<std::uint64_t>(frame.start.count()));
  append_fixed64(span, kEnd, static_cast<std::uint64_t>(frame.end.count()));
  append_fixed32(span, kFlags, prediction.trace.flags | kKnowsRemote | frame.flags);
  return span;
}

bool is_grpc(serving::Protocol protocol) {
  return protocol == serving::Protocol::kOpenInferenceGrpc || protocol == serving::Protocol::kTensorFlowServingGrpc;
}

void describe_answer(Attributes& attributes, const TracedPrediction& prediction) {
  const auto& failure = prediction.failure;
  if (is_grpc(prediction.protocol)) {
    attributes.text("rpc.system", "grpc");
    const auto code = failure ? edge::grpc_code(*failure) : edge::GrpcCode::kOk;
    attributes.number("rpc.grpc.status_code", static_cast<std::int64_t>(code));
  } else {
    attributes.text("http.request.method", "POST");
    attributes.number("http.response.status_code", failure ? edge::http_status(*failure) : 200);
  }
  if (failure) attributes.text("error.type", code_name(*failure));
}

void describe(std::string& span, const TracedPrediction& prediction) {
  Attributes attributes(span, kAttributes);
  attributes.text("modelyard.endpoint", prediction.endpoint);
  if (!prediction.model.empty()) {
    attributes.text("modelyard.model", prediction.model);
    attributes.number("modelyard.version", prediction.version);
  }
  if (prediction.plan_revision != 0) attributes.number("modelyard.plan_revision", prediction.plan_revision);
  if (prediction.was_taken) attributes.text("modelyard.prediction_id", prediction.prediction_id.text());
  if (!prediction.request_id.empty()) attributes.text("modelyard.request_id", prediction.request_id);
  attributes.text("modelyard.protocol", serving::protocol_name(prediction.protocol));
  if (prediction.rows > 0) attributes.number("modelyard.rows", prediction.rows);
  if (prediction.run_rows > 0) attributes.number("modelyard.batch.rows", prediction.run_rows);
  if (prediction.durations.from_cache) attributes.yes("modelyard.from_cache");
  describe_answer(attributes, prediction);
}

// A server span is an error when the server is at fault, by the conventions of HTTP and of gRPC alike.
void append_status(std::string& span, const std::optional<Code>& failure) {
  if (!failure || edge::http_status(*failure) < 500) return;
  std::string status;  // message = 2, code = 3
  append_bytes(status, 2, code_name(*failure));
  append_number(status, 3, kError);
  append_bytes(span, kStatus, status);
}

bool was_run(const serving::Durations& durations) {
  return durations.computed.count() > 0;
}

}  // namespace

telemetry::SpanId make_span_id(Random& random) {
  const std::uint64_t number = std::max<std::uint64_t>(1, random.next());  // zeros are no id
  telemetry::SpanId id;
  std::memcpy(id.data(), &number, id.size());
  return id;
}

std::uint64_t span_count(const serving::Durations& durations) {
  return was_run(durations) ? 1 + kPhases : 1;
}

void append_spans(std::string& spans, const TracedPrediction& prediction, Random& random) {
  const serving::Durations& took = prediction.durations;
  const nanoseconds end = prediction.end.time_since_epoch();
  nanoseconds at = end - took.total;
  // Names that are not known are as many as callers make up: they name no span.
  const std::string name = prediction.model.empty() ? "infer" : "infer " + ascii(prediction.endpoint);
  std::string span = begin_span(prediction, {name, prediction.span, prediction.trace.span, kServer,
                                             prediction.has_parent() ? kIsRemote : 0, at, end});
  describe(span, prediction);
  append_status(span, prediction.failure);
  append_bytes(spans, 2, span);
  if (!was_run(took)) return;
  struct Phase {
    std::string_view name;
    nanoseconds took;
  };
  const std::array<Phase, kPhases> phases{
      {{"prepare", took.prepared}, {"queue", took.queued}, {"compute", took.computed}}};
  for (const Phase& phase : phases) {
    const telemetry::SpanId id = make_span_id(random);
    append_bytes(spans, 2,
                 begin_span(prediction, {phase.name, id, prediction.span, kInternal, 0, at, at + phase.took}));
    at += phase.took;
  }
}

std::string export_request(const TraceResource& resource, std::string_view spans) {
  // Resource: attributes = 1. InstrumentationScope: name = 1, version = 2.
  std::string attributes, scope, scope_spans, resource_spans, request;
  Attributes of_resource(attributes, 1);
  of_resource.text("service.name", "modelyard");
  of_resource.text("service.version", resource.service_version);
  of_resource.text("host.name", resource.host);
  append_bytes(scope, 1, "modelyard");
  append_bytes(scope, 2, resource.service_version);
  append_bytes(scope_spans, 1, scope);
  scope_spans += spans;
  append_bytes(resource_spans, 1, attributes);
  append_bytes(resource_spans, 2, scope_spans);
  append_bytes(request, 1, resource_spans);
  return request;
}

PartialSuccess read_partial_success(std::string_view response) {
  PartialSuccess found;
  for (edge::WireReader outer(response); outer.next();) {
    if (!outer.is(1, edge::WireType::kBytes)) continue;
    for (edge::WireReader inner(outer.bytes()); inner.next();) {
      if (inner.is(1, edge::WireType::kVarint)) found.rejected = inner.number();
      if (inner.is(2, edge::WireType::kBytes)) found.why = ascii(inner.bytes().substr(0, 500));
    }
  }
  return found;
}

}  // namespace modelyard::app
