// The stages of a rollout, as documents write them.
//
// Errors: InvalidArgument naming the field.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "rollout/machine/spec.h"
#include "rollout/machine/spec_fields.h"

namespace modelyard::rollout {

// "stages", or "strategy" with the fields of its one stage; none is immediate.
Result<std::vector<Stage>> read_stages(ObjectReader& document, const Pace& inherited);
Json stages_json(const std::vector<Stage>& stages);

}  // namespace modelyard::rollout
