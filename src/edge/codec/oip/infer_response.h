// Writes the answer to an Open Inference Protocol v2 infer request.
//
// Format:    {"model_name","model_version","id"?,"outputs":[{"name","datatype","shape","parameters"?,"data"?}]};
//            binary outputs follow the JSON, in order of outputs.
// Ownership: `blobs` point into the response's outputs.
// Errors:    InvalidArgument for outputs that JSON does not carry and a classification that makes no sense.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/codec/oip/infer_request.h"
#include "inference/request.h"

namespace modelyard::edge::oip {

struct EncodedAnswer {
  std::string json;
  std::vector<std::span<const std::byte>> blobs;
  // Given when there are binary outputs: the value of Inference-Header-Content-Length.
  std::optional<std::size_t> header_bytes;
};

// Replaces an output by its k largest values, as BYTES "value:index" or "value:index:label".
Result<inference::Tensor> classify(const inference::Tensor& output, std::int64_t classes,
                                   std::span<const std::string> labels, bool batched);

// `room` is an empty text whose memory the answer may have.
Result<EncodedAnswer> encode_infer_response(inference::InferResponse& response, const OipInfer& asked,
                                            const inference::Signature& signature, std::string room = {});

}  // namespace modelyard::edge::oip
