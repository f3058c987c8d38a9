// A predict request that was accepted and fits the signature has tensors of exactly the bytes they claim.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "edge/codec/tfs/predict.h"

namespace {

using namespace modelyard;

inference::Signature signature(const char* text) {
  return *inference::parse_signature(*parse_json(text));
}

void decode(std::string_view body, const inference::Signature& wanted) {
  std::pmr::monotonic_buffer_resource memory;
  edge::tfs::PredictAsk asked(&memory);
  if (!edge::tfs::decode_predict(body, wanted, asked) || !inference::check_inputs(wanted, asked.request.inputs, "m"))
    return;
  for (const inference::TensorView& input : asked.request.inputs) {
    MODELYARD_CHECK(inference::check_tensor_bytes(input).has_value(), "an accepted input has its bytes");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const inference::Signature kNamed = signature(R"({
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3], "features": ["a", "b", "c"]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}], "batched": true})");
  static const inference::Signature kTwo = signature(R"({
    "inputs": [{"name": "n", "datatype": "INT64", "shape": [-1, -1]}, {"name": "s", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}], "batched": true})");
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  decode(body, kNamed);
  decode(body, kTwo);
  return 0;
}
