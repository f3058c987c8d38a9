// Turns the JSON of golden samples (docs/formats/attachments.md) into tensors, by the signature's datatypes.
#pragma once

#include "base/json.h"
#include "lifecycle/source.h"

namespace modelyard::control {

// Of a version that says nothing of its tolerance: answers may differ as far as engines of other builds do.
inline constexpr lifecycle::Tolerance kUsualTolerance{1e-5, 1e-6};

// InvalidArgument that names the field. FP16 and BF16 are given as numbers and rounded to nearest even.
Result<lifecycle::Golden> parse_golden(const Json& document);

}  // namespace modelyard::control
