// Reads PredictRequest and writes PredictResponse of TensorFlow Serving's gRPC form, over views.
//
// Format:    api/proto/tensorflow_serving/apis/predict.proto; a tensor by tensor_content, or by the field of its type.
// Ownership: views point into the request's bytes and into the ask. An answer's `blobs` point into the response's
//            outputs and into its own `pieces`.
// Errors:    InvalidArgument that names the input.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/codec/tfs/predict.h"

namespace modelyard::edge::tfs {

// Which model a message asks for.
struct ModelSpec {
  std::string_view model;
  std::string_view label;
  VersionNumber version = 0;
  std::string_view signature;
};

// The model_spec (field 1) of any message of the service.
Result<ModelSpec> read_model_spec(std::string_view message);

// Into an empty `asked`; after an error it is of no use.
Status decode_predict_message(std::string_view message, const inference::Signature& signature, PredictAsk& asked);

struct EncodedPredict {
  std::string text;  // `reserved` bytes, and the beginning of the message
  std::vector<std::span<const std::byte>> blobs;
  std::shared_ptr<std::string> pieces;

  std::size_t blob_bytes() const;
};
EncodedPredict encode_predict_message(const inference::InferResponse& response, const PredictAsk& asked,
                                      std::size_t reserved);

}  // namespace modelyard::edge::tfs
