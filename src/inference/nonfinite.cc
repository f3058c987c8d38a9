#include "inference/nonfinite.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inference/element.h"

namespace modelyard::inference {
namespace {

// Asked on event loops: no call for each number of the usual types.
template <typename Number>
bool has_nonfinite(const std::byte* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Number value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    if (!std::isfinite(value)) return true;
  }
  return false;
}

bool has_nonfinite(const Tensor& output, std::size_t most) {
  if (!is_floating(output.type)) return false;
  const std::size_t width = element_bytes(output.type);
  const std::byte* const from = output.buffer.bytes().data();
  const std::size_t count = std::min(output.buffer.bytes().size() / width, most);
  if (output.type == DataType::kFp32) return has_nonfinite<float>(from, count);
  if (output.type == DataType::kFp64) return has_nonfinite<double>(from, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(number_at(output.type, from + i * width))) return true;
  }
  return false;
}

}  // namespace

bool has_nonfinite(std::span<const Tensor> outputs, std::size_t most) {
  return std::ranges::any_of(outputs, [&](const Tensor& output) { return has_nonfinite(output, most); });
}

}  // namespace modelyard::inference
