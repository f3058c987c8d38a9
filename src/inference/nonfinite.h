// Whether an answer has a NaN or an infinity in it.
//
// Threads: pure.
#pragma once

#include <span>

#include "inference/tensor.h"

namespace modelyard::inference {

// Of the first `most` numbers of each output.
bool has_nonfinite(std::span<const Tensor> outputs, std::size_t most);

}  // namespace modelyard::inference
