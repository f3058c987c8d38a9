// The reader of model files takes any bytes within its bounds.
#include <cstdint>
#include <string_view>

#include "backend/onnx/model_file.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  const auto model = backend::parse_model({reinterpret_cast<const char*>(bytes), size});
  if (!model) return 0;
  MODELYARD_CHECK(model->file_bytes == static_cast<std::int64_t>(size), "the size is the size");
  (void)backend::find_refusals(*model, "/nonexistent");
  return 0;
}
