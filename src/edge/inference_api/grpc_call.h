// A ModelInfer on its way through serving, and the stream of many. Private to this room.
#pragma once

#include <deque>
#include <map>

#include "edge/codec/oip/infer_message.h"
#include "edge/grpc/grpc_router.h"
#include "edge/inference_api/inference_api.h"
#include "edge/inference_api/shared_use.h"

namespace modelyard::edge {

// What both kinds of call need before a call can be made. Its lists live in `memory`.
struct GrpcInferAsk {
  explicit GrpcInferAsk(std::pmr::memory_resource* memory) : asked(memory) {}

  serving::Route route;
  oip::OipInfer asked;
  SharedUse shared;
};

// Takes one message to the version it asks for; the answer comes by the call.
class GrpcInferCall : public serving::Call {
 public:
  GrpcInferCall(GrpcInferAsk ask, std::size_t bytes)
      : asked_(std::move(ask.asked)),
        shared_(std::move(ask.shared)),
        signature_(ask.route.signature()),
        bytes_(bytes + shared_.input_bytes()) {}

  inference::InferRequest& request() override { return asked_.request; }
  std::size_t body_bytes() const override { return bytes_; }
  serving::Protocol protocol() const override { return serving::Protocol::kOpenInferenceGrpc; }

 protected:
  Result<oip::EncodedMessage> encode(inference::InferResponse& response, std::size_t reserved, std::string room = {}) {
    MODELYARD_ASSIGN(auto message, oip::encode_infer_message(response, asked_, signature_, reserved, std::move(room)));
    MODELYARD_TRY(shared_.write_outputs(response));
    return message;
  }

 private:
  oip::OipInfer asked_;
  const SharedUse shared_;
  const inference::Signature& signature_;  // of the servable, which serving keeps until the call has ended
  const std::size_t bytes_;
};

// A message whose text begins with room for its prefix, and what follows the text.
struct GrpcParts {
  std::string text;
  std::vector<std::span<const std::byte>> blobs;
  std::shared_ptr<std::string> pieces;  // behind blobs that are no outputs
};
// The answer to a unary call that predicted. Takes the outputs when blobs point into them.
Response predicted_answer(GrpcParts parts, inference::InferResponse& prediction, std::string_view request_id,
                          Coding coding, TextPool& texts);
// The earlier one of the request's own deadline and grpc-timeout.
Result<std::optional<SteadyTime>> grpc_deadline(const Request& request,
                                                std::optional<std::chrono::microseconds> timeout, SteadyTime now);

Status read_grpc_infer(InferenceApi& api, serving::Dispatcher& dispatcher, std::string_view bytes,
                       const Request& request, const security::Caller& caller, GrpcInferAsk& ask);

void answer_model_infer(InferenceApi& api, Exchange& exchange, GrpcMessage message);
std::unique_ptr<GrpcStream> open_model_stream(InferenceApi& api, Exchange& exchange, const GrpcEncoding& encoding);

}  // namespace modelyard::edge
