// Inputs that nobody sent, to warm a model up and to probe it.
#pragma once

#include <vector>

#include "inference/signature.h"

namespace modelyard::lifecycle {

enum class MadeUp {
  kZeros,   // zeros and empty texts: what most models can take
  kVaried,  // small numbers that differ from row to row
};

// Of the least shape that fits, without optional inputs. `rows` counts when the signature is batched.
std::vector<inference::Tensor> made_up_inputs(const inference::Signature& signature, std::int64_t rows, MadeUp kind);

std::vector<inference::TensorView> views_of(std::span<const inference::Tensor> tensors);
std::vector<std::size_t> all_outputs(const inference::Signature& signature);

}  // namespace modelyard::lifecycle
