#include "edge/inference_api/grpc_call.h"

#include <algorithm>

#include "edge/codec/protobuf/wire.h"
#include "edge/grpc/grpc_status.h"
#include "edge/inference_api/http_call.h"

namespace modelyard::edge {
namespace {

class UnaryCall final : public GrpcInferCall {
 public:
  UnaryCall(Deferred reply, GrpcMessage message, Coding coding, GrpcInferAsk ask, std::string_view request_id)
      : GrpcInferCall(std::move(ask), message.bytes.size()),
        reply_(std::move(reply)),
        message_(std::move(message)),
        coding_(coding),
        request_id_(request_id) {}

  bool cancelled() const override { return reply_.cancelled(); }
  void answer(inference::InferResponse& response) override {
    auto answer = build(response);
    reply_.complete_here(answer ? std::move(*answer) : grpc_failure(answer.error()));
  }
  void fail(const Error& error) override { reply_.complete_here(grpc_failure(error)); }

 private:
  Result<Response> build(inference::InferResponse& response) {
    TextPool& texts = reply_.loop().texts();
    MODELYARD_ASSIGN(oip::EncodedMessage message, encode(response, kGrpcPrefixBytes, texts.take()));
    return predicted_answer({std::move(message.text), std::move(message.blobs), std::move(message.pieces)}, response,
                            request_id_, coding_, texts);
  }

  Deferred reply_;
  const GrpcMessage message_;  // behind the request's views
  const Coding coding_;
  const std::string_view request_id_;
};

// Answers of one stream, in the order of its requests.
class StreamAnswers : public std::enable_shared_from_this<StreamAnswers> {
 public:
  static constexpr std::size_t kMostWaiting = 256;  // requests that are not answered yet

  StreamAnswers(Deferred reply, Coding coding) : reply_(std::move(reply)), coding_(coding) {
    Response head;
    head.content_type = "application/grpc";
    if (coding_ != Coding::kIdentity) head.add_header("grpc-encoding", coding_name(coding_));
    reply_.begin_stream_here(std::move(head));
  }

  std::uint64_t take_place() {
    waiting_.emplace_back();
    return first_ + waiting_.size() - 1;
  }
  void answer(std::uint64_t place, std::string message) {
    waiting_[place - first_] = compressed(std::move(message), coding_);
    std::string ready;
    while (!waiting_.empty() && waiting_.front()) {
      ready += *waiting_.front();
      waiting_.pop_front();
      ++first_;
    }
    if (!ready.empty()) reply_.stream_here(std::move(ready));
    if (std::exchange(paused_, paused_ && waiting_.size() >= kMostWaiting / 2) && !paused_) reply_.body_resumer()();
    end_if_done();
  }
  BodySink::Appetite appetite() {
    paused_ = waiting_.size() >= kMostWaiting;
    return paused_ ? BodySink::Appetite::kPause : BodySink::Appetite::kMore;
  }
  void end(GrpcCode code, std::string_view why) {
    if (!trailers_) trailers_ = grpc_trailers(code, why);
    end_if_done();
  }
  bool cancelled() const { return reply_.cancelled(); }

 private:
  void end_if_done() {
    if (!trailers_ || !waiting_.empty() || ended_) return;
    ended_ = true;
    reply_.end_stream_here(*trailers_);
  }

  Deferred reply_;
  const Coding coding_;
  std::deque<std::optional<std::string>> waiting_;
  std::uint64_t first_ = 0;  // place of the front
  std::optional<std::string> trailers_;
  bool paused_ = false;
  bool ended_ = false;
};

// ModelStreamInferResponse: error_message = 1, infer_response = 2.
std::string stream_error(const Error& error, std::string_view id) {
  std::string inner, message = begin_grpc_message();
  if (!id.empty()) append_bytes(inner, 3, id);
  append_bytes(message, 1, error.message());
  append_bytes(message, 2, inner);
  finish_prefix(message);
  return message;
}

class StreamedCall final : public GrpcInferCall {
 public:
  StreamedCall(std::shared_ptr<StreamAnswers> answers, std::uint64_t place, std::unique_ptr<std::string> bytes,
               security::Caller caller, GrpcInferAsk ask)
      : GrpcInferCall(std::move(ask), bytes->size()),
        answers_(std::move(answers)),
        place_(place),
        caller_(std::move(caller)),
        bytes_(std::move(bytes)) {}

  bool cancelled() const override { return answers_->cancelled(); }
  void answer(inference::InferResponse& response) override {
    auto message = build(response);
    if (!message) return fail(message.error());
    answers_->answer(place_, std::move(*message));
  }
  void fail(const Error& error) override { answers_->answer(place_, stream_error(error, request().id)); }

 private:
  Result<std::string> build(inference::InferResponse& response) {
    MODELYARD_ASSIGN(const oip::EncodedMessage inner, encode(response, 0));
    std::string message = begin_grpc_message();
    append_tag(message, 2, WireType::kBytes);
    append_varint(message, inner.text.size() + inner.blob_bytes());
    message += inner.text;
    for (const auto& blob : inner.blobs) message.append(reinterpret_cast<const char*>(blob.data()), blob.size());
    finish_prefix(message);
    return message;
  }

  const std::shared_ptr<StreamAnswers> answers_;
  const std::uint64_t place_;
  const security::Caller caller_;             // behind the principal
  const std::unique_ptr<std::string> bytes_;  // behind the request's other views
};

void tell_refused(const InferenceApi& api, serving::Dispatcher& dispatcher, const Request& request,
                  const GrpcInferAsk& ask, const Error& why) {
  serving::Refused refused{.endpoint = ask.asked.request.endpoint};
  refused.servable = ask.route.servable;
  refused.protocol = serving::Protocol::kOpenInferenceGrpc;
  refused.code = why.code();
  api.tell_refused(dispatcher, request, refused);
}

class ModelStream final : public GrpcStream {
 public:
  ModelStream(InferenceApi& api, Exchange& exchange, const GrpcEncoding& encoding)
      : api_(api),
        request_(exchange.request()),
        dispatcher_(api.dispatcher(exchange)),
        errors_end_it_(exchange.request().header("triton_grpc_error") == "true"),
        answers_(std::make_shared<StreamAnswers>(exchange.defer(), encoding.coding)) {}

  BodySink::Appetite message(std::string bytes) override {
    // The call owns the bytes that the views point into, so they get their place first.
    auto owned = std::make_unique<std::string>(std::move(bytes));
    serving::CallMaker maker(dispatcher_.call_blocks());
    GrpcInferAsk ask(maker.memory());
    security::Caller caller = api_.caller_of(request_);
    const Status read = read_grpc_infer(api_, dispatcher_, *owned, request_, caller, ask);
    if (!read) {
      tell_refused(api_, dispatcher_, request_, ask, read.error());
      refuse(read.error(), *owned);
      return answers_->appetite();
    }
    const serving::Route route = ask.route;
    api_.name_request(request_, ask.asked.request.id, route, ask.asked.request);  // of the message, not of the stream
    dispatcher_.submit(route, maker.make<StreamedCall>(answers_, answers_->take_place(), std::move(owned),
                                                       std::move(caller), std::move(ask)));
    return answers_->appetite();
  }
  void end() override { answers_->end(GrpcCode::kOk, {}); }
  void fail(const Error& error) override { answers_->end(grpc_code(error.code()), error.message()); }

 private:
  void refuse(const Error& error, std::string_view bytes) {
    if (errors_end_it_) return fail(error);
    oip::InferMessage message;
    const bool read = oip::read_infer_message(bytes, message).has_value();
    answers_->answer(answers_->take_place(), stream_error(error, read ? message.id : std::string_view()));
  }

  InferenceApi& api_;
  const Request& request_;  // the exchange's, which outlives its sink
  serving::Dispatcher& dispatcher_;
  const bool errors_end_it_;
  const std::shared_ptr<StreamAnswers> answers_;
};

// What the message asks of the route's model.
Status fill(const InferenceApi& api, const oip::InferMessage& message, const Request& request,
            const security::Caller& caller, GrpcInferAsk& ask) {
  MODELYARD_TRY(oip::decode_infer_message(message, ask.route.signature(), ask.asked));
  ask.asked.request.endpoint = message.model;
  ask.asked.request.principal = name_of(caller);
  MODELYARD_ASSIGN(ask.asked.request.deadline, grpc_deadline(request, ask.asked.timeout, api.now()));
  MODELYARD_ASSIGN(ask.shared, SharedUse::take(api.shared_memory(), caller, ask.asked));
  return ok();
}

}  // namespace

Response predicted_answer(GrpcParts parts, inference::InferResponse& prediction, std::string_view request_id,
                          Coding coding, TextPool& texts) {
  std::size_t blob_bytes = 0;
  for (const auto& blob : parts.blobs) blob_bytes += blob.size();
  if (coding != Coding::kIdentity) {
    for (const auto& blob : parts.blobs) {
      parts.text.append(reinterpret_cast<const char*>(blob.data()), blob.size());
    }
    parts.blobs.clear();
    blob_bytes = 0;
  }
  finish_prefix(parts.text, blob_bytes);
  Response answer = grpc_answer(std::move(parts.text), coding);
  if (answer.headers.empty()) answer.headers = texts.take();
  describe(prediction, request_id, answer);
  if (!parts.blobs.empty()) {
    // What must live until the blobs have been sent.
    struct Kept {
      std::vector<inference::Tensor> outputs;
      std::shared_ptr<std::string> pieces;
    };
    answer.blobs = std::move(parts.blobs);
    answer.keep = std::make_shared<Kept>(std::move(prediction.outputs), std::move(parts.pieces));
  }
  return answer;
}

Result<std::optional<SteadyTime>> grpc_deadline(const Request& request,
                                                std::optional<std::chrono::microseconds> timeout, SteadyTime now) {
  MODELYARD_ASSIGN(auto deadline, deadline_of(request, timeout, now));
  MODELYARD_ASSIGN(const auto of_call, grpc_timeout(request));
  if (of_call) deadline = std::min(deadline.value_or(SteadyTime::max()), now + *of_call);
  return deadline;
}

Status read_grpc_infer(InferenceApi& api, serving::Dispatcher& dispatcher, std::string_view bytes,
                       const Request& request, const security::Caller& caller, GrpcInferAsk& ask) {
  oip::InferMessage message(ask.asked.memory());
  MODELYARD_TRY(oip::read_infer_message(bytes, message));
  ask.asked.request.endpoint = message.model;
  MODELYARD_ASSIGN(ask.route, api.find_to_infer(dispatcher, {request, caller},
                                                {serving::Protocol::kOpenInferenceGrpc, message.model, bytes},
                                                choose_version(message.version)));
  const Status filled = fill(api, message, request, caller, ask);
  if (!filled) dispatcher.count_failure(ask.route, serving::Protocol::kOpenInferenceGrpc, filled.error().code());
  return filled;
}

void answer_model_infer(InferenceApi& api, Exchange& exchange, GrpcMessage message) {
  const Request& request = exchange.request();
  serving::Dispatcher& dispatcher = api.dispatcher(exchange);
  serving::CallMaker maker(dispatcher.call_blocks());
  GrpcInferAsk ask(maker.memory());
  const Status read = read_grpc_infer(api, dispatcher, message.bytes, request, request.caller, ask);
  if (!read) {
    tell_refused(api, dispatcher, request, ask, read.error());
    return exchange.respond(grpc_failure(read.error()));
  }
  const auto encoding = grpc_encoding(request, 0);
  const serving::Route route = ask.route;
  const std::string_view id = api.request_id(request, id_room(maker));
  api.name_request(request, id, route, ask.asked.request);
  dispatcher.submit(route,
                    maker.make<UnaryCall>(exchange.defer(), std::move(message), encoding->coding, std::move(ask), id));
}

std::unique_ptr<GrpcStream> open_model_stream(InferenceApi& api, Exchange& exchange, const GrpcEncoding& encoding) {
  return std::make_unique<ModelStream>(api, exchange, encoding);
}

}  // namespace modelyard::edge
