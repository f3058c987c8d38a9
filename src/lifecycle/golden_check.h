// Whether a version's answers are those that were recorded for it. Pure.
//
// Numbers a (got) and b (recorded) agree when |a − b| ≤ absolute + relative · |b|; NaN agrees with NaN, infinities
// with their like. Integers, BOOL and BYTES must be equal. FP16 and BF16 are compared as numbers, too.
#pragma once

#include <span>

#include "lifecycle/source.h"

namespace modelyard::lifecycle {

// FailedPrecondition names sample, output, element, and both values.
Status compare_outputs(const Golden& golden, std::size_t sample, std::span<const inference::Tensor> got);
// The same of any outputs, within the tolerances of a version; `what` is what they are, for the error.
Status compare_outputs(const Golden& tolerances, std::span<const inference::Tensor> recorded,
                       std::span<const inference::Tensor> got, std::string_view what);

}  // namespace modelyard::lifecycle
