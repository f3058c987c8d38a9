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
#include <memory_resource>
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

// Its lists live in `memory`, which must outlive it.
struct OipInfer {
  explicit OipInfer(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : request(memory), outputs(memory), shared_inputs(memory), texts(memory), shapes(memory) {}

  inference::InferRequest request;
  std::pmr::vector<OutputWish> outputs;  // empty: all
  std::pmr::vector<SharedInput> shared_inputs;
  bool binary_outputs = false;  // for outputs that do not say
  std::optional<std::chrono::microseconds> timeout;

  // Behind the views; lists, because elements must stay where they are.
  std::pmr::list<std::pmr::string> texts;
  std::pmr::list<std::pmr::vector<std::int64_t>> shapes;

  std::pmr::memory_resource* memory() const { return shapes.get_allocator().resource(); }

  // What was said of an output; null when nothing was.
  const OutputWish* wish_for(std::string_view output) const;
};

// Into an empty `out`; after an error it is of no use.
Status decode_infer_request(std::string_view body, std::optional<std::size_t> header_bytes,
                            const inference::Signature& signature, std::string_view model, OipInfer& out);

}  // namespace modelyard::edge::oip
