// Reads the body of an Open Inference Protocol v2 REST infer request: JSON, the binary tensor extension, or a
// raw binary request.
//
// Format:    {"id"?, "parameters"?, "inputs":[{"name","shape","datatype","parameters"?,"data"?}], "outputs"?}.
//            With `header_bytes` the JSON has that many bytes and binary inputs follow it, in order of inputs,
//            little-endian; 0 means the whole body is the model's only input.
// Ownership: views of the request point into `body`, which must outlive the answer, and into the OipInfer.
// Limits:    kMaxInputs inputs; memory grows with what was sent, not with the shapes that are claimed.
// Errors:    InvalidArgument, in Triton's words where clients know them.
#pragma once

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/codec/oip/shared_range.h"
#include "inference/request.h"
#include "inference/signature.h"

namespace modelyard::edge::oip {

inline constexpr std::size_t kMaxInputs = 1024;

struct OutputWish {
  std::string_view name;
  std::optional<bool> binary;
  std::int64_t classes = 0;           // classification extension: the k largest; 0 for the values themselves
  std::optional<SharedRange> shared;  // where it goes instead of the answer
};

// An input whose bytes are not in the request: whoever knows the regions fills its view.
struct SharedInput {
  std::size_t position = 0;  // within request.inputs
  SharedRange range;
};

struct OipInfer {
  inference::InferRequest request;
  std::vector<OutputWish> outputs;  // empty: all
  std::vector<SharedInput> shared_inputs;
  bool binary_outputs = false;  // for outputs that do not say
  std::optional<std::chrono::microseconds> timeout;

  // Behind the views; lists, because elements must stay where they are, and an empty deque allocates.
  std::list<std::string> texts;
  std::list<inference::Shape> shapes;

  // What was said of an output; null when nothing was.
  const OutputWish* wish_for(std::string_view output) const;
};

Result<OipInfer> decode_infer_request(std::string_view body, std::optional<std::size_t> header_bytes,
                                      const inference::Signature& signature, std::string_view model);

}  // namespace modelyard::edge::oip
