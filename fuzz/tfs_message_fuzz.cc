// PredictRequest from the wire; whatever is accepted must hold together.
#include <cstdint>

#include "base/check.h"
#include "edge/codec/tfs/predict_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace modelyard;
  static const inference::Signature signature{
      {{"x", inference::DataType::kFp32, {-1, 2}}}, {{"y", inference::DataType::kFp32, {-1}}}, true};
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  (void)edge::tfs::read_model_spec(bytes).has_value();
  std::pmr::monotonic_buffer_resource memory;
  edge::tfs::PredictAsk asked(&memory);
  if (!edge::tfs::decode_predict_message(bytes, signature, asked)) return 0;
  for (const inference::TensorView& input : asked.request.inputs) {
    (void)inference::check_tensor_bytes(input).has_value();
  }
  (void)inference::check_inputs(signature, asked.request.inputs, "m").has_value();
  return 0;
}
