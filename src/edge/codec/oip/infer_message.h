// Reads ModelInferRequest and writes ModelInferResponse of the Open Inference Protocol's gRPC form, over views: raw
// contents are used where they are, outputs are not copied.
//
// Format:    api/proto/inference/grpc_service.proto.
// Ownership: views of a request point into `bytes`, which must outlive the answer. An answer's `blobs` point into the
//            response's outputs and into its own `pieces`.
// Errors:    InvalidArgument, in Triton's words where clients know them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/codec/oip/infer_request.h"

namespace modelyard::edge::oip {

// A request whose fields were found; what they mean for a model is not known yet.
struct InferMessage {
  explicit InferMessage(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : parameters(memory), inputs(memory), outputs(memory), raw(memory) {}

  std::string_view model;
  std::string_view version;
  std::string_view id;
  std::pmr::vector<std::string_view> parameters;  // entries of the map
  std::pmr::vector<std::string_view> inputs;      // messages
  std::pmr::vector<std::string_view> outputs;     // messages
  std::pmr::vector<std::string_view> raw;
};

// Into an empty `message` and an empty `out`; after an error they are of no use.
Status read_infer_message(std::string_view bytes, InferMessage& message);
Status decode_infer_message(const InferMessage& message, const inference::Signature& signature, OipInfer& out);

struct EncodedMessage {
  std::string text;  // `reserved` bytes, and the beginning of the message
  std::vector<std::span<const std::byte>> blobs;
  std::shared_ptr<std::string> pieces;

  std::size_t blob_bytes() const;
};
// Small outputs are copied into the text. `room` is an empty text whose memory the answer may have.
Result<EncodedMessage> encode_infer_message(inference::InferResponse& response, const OipInfer& asked,
                                            const inference::Signature& signature, std::size_t reserved,
                                            std::string room = {});

}  // namespace modelyard::edge::oip
