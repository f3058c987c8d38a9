// Shares and intervals as calculations have them in JSON.
#pragma once

#include "app/calculations/calculation.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::app {

inline Json interval_json(const statistics::Interval& interval) {
  return {interval.low, interval.high};
}

// "a": {"successes": 3, "trials": 20}
Result<statistics::Share> read_share(ObjectReader& input, std::string_view key);
// [{"successes": 3, "trials": 20}, …]
Result<std::vector<statistics::Share>> read_shares(ObjectReader& input, std::string_view key);

}  // namespace modelyard::app
