// Turns the JSON of golden samples (docs/formats/attachments.md) into tensors, by the signature's datatypes.
#pragma once

#include "base/json.h"
#include "lifecycle/source.h"

namespace modelyard::control {

// InvalidArgument that names the field. FP16 and BF16 are given as numbers and rounded to nearest even.
Result<lifecycle::Golden> parse_golden(const Json& document);

}  // namespace modelyard::control
