#include "inference/shape.h"

#include <fmt/ranges.h>

namespace modelyard::inference {

Result<std::int64_t> element_count(ShapeView shape) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) {
      return error(Code::kInvalidArgument, "shape {} has a negative dimension", format_shape(shape));
    }
    if (dimension == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, dimension, &count)) {
      return error(Code::kInvalidArgument, "shape {} has too many elements", format_shape(shape));
    }
  }
  return empty ? 0 : count;
}

bool shape_matches(ShapeView expected, ShapeView actual) {
  if (expected.size() != actual.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != kAnySize && expected[i] != actual[i]) return false;
  }
  return true;
}

std::string format_shape(ShapeView shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

}  // namespace modelyard::inference
