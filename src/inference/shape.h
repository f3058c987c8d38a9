// A shape is a list of dimensions. In a signature -1 stands for any size; in a tensor every dimension is
// known and may be zero.
//
// Limits: at most kMaxRank dimensions; the product of dimensions is checked for overflow.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace modelyard::inference {

inline constexpr std::size_t kMaxRank = 16;
inline constexpr std::int64_t kAnySize = -1;

using Shape = std::vector<std::int64_t>;
using ShapeView = std::span<const std::int64_t>;

// Number of elements; 1 for a scalar. InvalidArgument for a negative dimension or more elements than fit
// in 63 bits.
Result<std::int64_t> element_count(ShapeView shape);

// Whether a tensor of shape `actual` may stand where `expected` is declared.
bool shape_matches(ShapeView expected, ShapeView actual);

// "[-1,4]"
std::string format_shape(ShapeView shape);

}  // namespace modelyard::inference
