#include "edge/inference_api/http_call.h"

#include <algorithm>
#include <charconv>

namespace modelyard::edge {

int http_status(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition: return 400;
    case Code::kUnauthenticated: return 401;
    case Code::kPermissionDenied: return 403;
    case Code::kNotFound: return 404;
    case Code::kConflict: return 409;
    case Code::kResourceExhausted: return 429;
    case Code::kCancelled: return 499;
    case Code::kInternal: return 500;
    case Code::kUnimplemented: return 501;
    case Code::kUnavailable: return 503;
    case Code::kDeadlineExceeded: return 504;
  }
  return 500;
}

std::string_view name_of(const security::Caller& caller) {
  return caller ? std::string_view(caller->name()) : std::string_view();
}

std::string_view Asker::principal() const {
  return name_of(caller_);
}

void InferenceApi::name_request(const Request& request, std::string_view request_id, const serving::Route& route,
                                inference::InferRequest& asked) const {
  if (options_.traces) {
    const TraceHeaders trace = trace_headers(request);
    asked.request_id = request_id;
    asked.traceparent = trace.parent;
    asked.tracestate = trace.state;
  }
  const auto* const settings = route.endpoint != nullptr ? route.endpoint->settings.get() : nullptr;
  if (settings == nullptr || !settings->recording.capture) return;
  asked.request_id = request_id;
  asked.trace_id = trace_id(request);
  asked.unit = request.header("Modelyard-Unit").value_or("");
}

void InferenceApi::tell_refused(serving::Dispatcher& dispatcher, const Request& request,
                                serving::Refused refused) const {
  if (!options_.traces) return;
  const TraceHeaders trace = trace_headers(request);
  refused.traceparent = trace.parent;
  refused.tracestate = trace.state;
  dispatcher.tell_refused(refused);
}

Response refusal(const Error& error, std::string_view request_id) {
  Response response = error_response(http_status(error.code()), error.message());
  response.add_header("X-Request-Id", request_id);
  response.names_request = true;
  if (error.code() == Code::kUnavailable || error.code() == Code::kResourceExhausted) {
    response.add_header("Retry-After", "1");
  }
  return response;
}

void describe(const inference::InferResponse& prediction, std::string_view request_id, Response& answer) {
  char id[Uuid::kTextBytes];
  prediction.prediction_id.format_to(id);
  answer.add_header("X-Request-Id", request_id);
  answer.names_request = true;
  answer.add_header("Modelyard-Prediction-Id", {id, sizeof id});
  answer.add_header("Modelyard-Model", prediction.model);
  const fmt::format_int version(prediction.version);
  answer.add_header("Modelyard-Version", {version.data(), version.size()});
  if (!prediction.arm.empty()) answer.add_header("Modelyard-Arm", prediction.arm);
}

void HttpCall::answer(inference::InferResponse& response) {
  TextPool& texts = reply_.loop().texts();
  auto answer = encode(response, texts.take());
  if (!answer) return fail(answer.error());
  if (answer->headers.empty()) answer->headers = texts.take();
  describe(response, request_id_, *answer);
  if (!answer->blobs.empty()) {
    // The blobs are the outputs' own memory.
    answer->keep = std::make_shared<std::vector<inference::Tensor>>(std::move(response.outputs));
  }
  reply_.complete_here(std::move(*answer));
}

void HttpCall::fail(const Error& error) {
  reply_.complete_here(refusal(error, request_id_));
}

inference::VersionChoice choose_version(std::string_view text) {
  if (text.empty()) return {};
  if (const auto number = parse_version_number(text)) return {*number, {}};
  return {0, text};
}

Result<std::optional<SteadyTime>> deadline_of(const Request& request, std::optional<std::chrono::microseconds> timeout,
                                              SteadyTime now) {
  std::optional<SteadyTime> deadline;
  if (timeout) deadline = now + *timeout;
  const auto header = request.header("Modelyard-Timeout-Ms");
  if (!header) return deadline;
  std::uint32_t milliseconds = 0;
  const auto [end, failure] = std::from_chars(header->data(), header->data() + header->size(), milliseconds);
  if (failure != std::errc{} || end != header->data() + header->size()) {
    return error(Code::kInvalidArgument, "Modelyard-Timeout-Ms: '{}' is not a number of milliseconds", *header);
  }
  const SteadyTime by_header = now + std::chrono::milliseconds(milliseconds);
  return std::optional<SteadyTime>(deadline ? std::min(*deadline, by_header) : by_header);
}

}  // namespace modelyard::edge
