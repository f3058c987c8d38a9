// Finding is what a monitor found of one subject in one window.
//
// Units: value and threshold are in the unit of the monitor's signal; `sentence` says it for people.
#pragma once

#include <string>

#include "base/json.h"

namespace modelyard::monitoring {

enum class Outcome {
  kPass,
  kFail,
  kNoData,  // the window says nothing, neither good nor bad
};

struct Finding {
  std::string subject;  // feature, output or metric; "" is the endpoint
  Outcome outcome = Outcome::kNoData;
  double value = 0;
  double threshold = 0;
  std::string sentence;  // "median of amount 39.4 → 72.2: 1.43 standard deviations, more than 0.1"
  Json numbers = Json::object();
};

}  // namespace modelyard::monitoring
