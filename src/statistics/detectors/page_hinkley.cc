#include "statistics/detectors/page_hinkley.h"

#include <algorithm>
#include <cmath>

namespace modelyard::statistics {

Change PageHinkley::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  State& state = state_;
  state.count += 1;
  state.mean += (value - state.mean) / state.count;
  const double deviation = value - state.mean;
  state.up = options_.fading * state.up + deviation - options_.tolerance;
  state.down = options_.fading * state.down + deviation + options_.tolerance;
  state.lowest = state.count == 1 ? state.up : std::min(state.lowest, state.up);
  state.highest = state.count == 1 ? state.down : std::max(state.highest, state.down);
  if (state.count < options_.least_values) return Change::kNone;
  const bool rose = options_.direction != Direction::kDown && state.up - state.lowest > options_.threshold;
  const bool fell = options_.direction != Direction::kUp && state.highest - state.down > options_.threshold;
  if (!rose && !fell) return Change::kNone;
  state_ = {};
  return Change::kDrift;
}

}  // namespace modelyard::statistics
