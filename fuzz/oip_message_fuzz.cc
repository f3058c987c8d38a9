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
  const auto message = edge::oip::read_infer_message({reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  const auto asked = edge::oip::decode_infer_message(*message, signature);
  if (!asked) return 0;
  for (const inference::TensorView& input : asked->request.inputs) {
    MODELYARD_CHECK(input.bytes.size() <= 8 * size + 64, "memory grows with what was sent");
    (void)inference::check_tensor_bytes(input).has_value();
  }
  (void)inference::check_inputs(signature, asked->request.inputs, "m").has_value();
  return 0;
}
