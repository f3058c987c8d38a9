// An accuracy report as JSON (api/openapi.yaml, Accuracy).
#pragma once

#include "base/json.h"
#include "control/predictions/evaluator.h"

namespace modelyard::control {

Json to_json(const AccuracyReport& report);

}  // namespace modelyard::control
