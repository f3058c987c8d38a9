// A rollout as a screen to look at, and as one line for each thing that changes. Of the document of
// GET /api/v1/rollouts/{id}; what it lacks is left out.
//
// Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "app/cli/top/table_text.h"
#include "base/clock.h"
#include "base/json.h"

namespace modelyard::app {

// An interval about a limit, `width` characters wide, with the limit in the middle: "··──●─│····". An end beyond the
// bar is an arrow; low and high may be infinite or NaN, both of which are no end, the estimate NaN.
struct IntervalBar {
  double low = 0, high = 0, estimate = 0, limit = 0;
};
std::string draw(const IntervalBar& bar, std::size_t width);

std::vector<ScreenLine> screen_of(const Json& rollout, UtcTime now, const ScreenSize& size);

// Transitions and verdicts that `before` did not have; all of `now` when it is null.
std::vector<std::string> changes_of(const Json& before, const Json& now);

}  // namespace modelyard::app
