// An infer request that was accepted and fits the signature has tensors of exactly the bytes they claim. The first
// two bytes are the length of the JSON (65535: all of it).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "edge/codec/oip/documents.h"
#include "edge/codec/oip/infer_request.h"

namespace {

using namespace modelyard;

const inference::Signature& signature() {
  static const inference::Signature kSignature = *inference::parse_signature(*parse_json(R"({
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]},
               {"name": "n", "datatype": "UINT64", "shape": [-1], "optional": true},
               {"name": "s", "datatype": "BYTES", "shape": [-1, -1], "optional": true},
               {"name": "h", "datatype": "FP16", "shape": [-1], "optional": true},
               {"name": "b", "datatype": "BOOL", "shape": [-1], "optional": true}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]})"));
  return kSignature;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t header = bytes[0] + 256u * bytes[1];
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  std::pmr::monotonic_buffer_resource memory;
  edge::oip::OipInfer asked(&memory);
  const auto json_bytes = header == 65535 ? std::nullopt : std::optional(header);
  const Status read = edge::oip::decode_infer_request(body, json_bytes, signature(), "m", asked);
  (void)edge::oip::parse_index_request(body).has_value();
  (void)edge::oip::check_load_request(body).has_value();
  if (!read || !inference::check_inputs(signature(), asked.request.inputs, "m")) return 0;
  for (const inference::TensorView& input : asked.request.inputs) {
    MODELYARD_CHECK(inference::check_tensor_bytes(input).has_value(), "an accepted input has its bytes");
  }
  return 0;
}
