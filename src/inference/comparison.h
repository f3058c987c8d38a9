// Whether two versions answer a request alike, and whether an answer is made of numbers.
//
// Decisions: classes, labels and counts (outputs of integers, BOOL, BYTES) are what an answer decides. Where there are
//            such, they alone are compared, element by element: the scores beside them move with every training.
//            Otherwise all numbers are, within |a − b| <= kLeastStep + tolerance·|b|; NaN is like NaN, an infinity like
//            itself.
// Outputs:   by name; one that the other answer does not have, or has in another shape or datatype, is not alike.
// Threads:   pure.
#pragma once

#include <span>

#include "inference/tensor.h"

namespace modelyard::inference {

inline constexpr double kLeastStep = 1e-6;

bool answer_alike(std::span<const Tensor> a, std::span<const Tensor> b, double tolerance);

// Of the first `most` numbers of each output.
bool has_nonfinite(std::span<const Tensor> outputs, std::size_t most);

}  // namespace modelyard::inference
