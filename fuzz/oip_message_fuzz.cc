// ModelInferRequest from the wire; whatever is accepted must hold together.
#include <cstdint>

#include "base/check.h"
#include "edge/codec/oip/infer_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace modelyard;
  static const inference::Signature signature{{{"x", inference::DataType::kFp32, {-1, 2}},
                                               {"s", inference::DataType::kBytes, {-1}, true},
                                               {"i", inference::DataType::kInt16, {-1}, true}},
                                              {{"y", inference::DataType::kFp32, {-1}}},
                                              false};
  std::pmr::monotonic_buffer_resource memory;
  edge::oip::InferMessage message(&memory);
  edge::oip::OipInfer asked(&memory);
  if (!edge::oip::read_infer_message({reinterpret_cast<const char*>(data), size}, message)) return 0;
  if (!edge::oip::decode_infer_message(message, signature, asked)) return 0;
  for (const inference::TensorView& input : asked.request.inputs) {
    MODELYARD_CHECK(input.bytes.size() <= 8 * size + 64, "memory grows with what was sent");
    (void)inference::check_tensor_bytes(input).has_value();
  }
  (void)inference::check_inputs(signature, asked.request.inputs, "m").has_value();
  return 0;
}
