// One element of a tensor as a number.
//
// Threads: pure.
#pragma once

#include <cstddef>

#include "inference/data_type.h"

namespace modelyard::inference {

bool is_floating(DataType type);
// Pre: `type` is not kBytes, `element` has its element_bytes(). A 64-bit integer beyond 2^53 is rounded; BOOL is 0
// or 1.
double number_at(DataType type, const std::byte* element);

}  // namespace modelyard::inference
