#include "statistics/detectors/error_rate.h"

#include <cmath>

namespace modelyard::statistics {

Change Ddm::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  State& state = state_;
  state.count += 1;
  state.rate += (value - state.rate) / state.count;
  if (state.count <= options_.least_values) return Change::kNone;
  const double deviation = std::sqrt(state.rate * (1 - state.rate) / state.count), level = state.rate + deviation;
  if (level <= state.lowest_rate + state.lowest_deviation) {
    state.lowest_rate = state.rate;
    state.lowest_deviation = deviation;
  }
  if (level > state.lowest_rate + options_.drift_deviations * state.lowest_deviation) {
    state_ = {};
    return Change::kDrift;
  }
  const bool warns = level > state.lowest_rate + options_.warning_deviations * state.lowest_deviation;
  return warns ? Change::kWarning : Change::kNone;
}

Change Eddm::add(double value) {
  State& state = state_;
  if (!can_be_watched(value)) return Change::kNone;
  state.count += 1;
  const Change unchanged = state.warned ? Change::kWarning : Change::kNone;
  if (value != 1) return unchanged;
  const double distance = state.count - state.last_error, before = distance - state.mean;
  state.last_error = state.count;
  state.errors += 1;
  state.mean += before / state.errors;
  state.squares += before * (distance - state.mean);
  if (state.count <= options_.least_errors) return unchanged;
  const double variance = state.errors > 1 ? state.squares / (state.errors - 1) : 0;
  const double level = state.mean + 2 * std::sqrt(variance);
  if (level > state.largest) {
    state.largest = level;
    return unchanged;
  }
  if (state.errors <= options_.least_errors) return unchanged;
  const double share = level / state.largest;
  if (share < options_.drift_share) {
    state_ = {};
    return Change::kDrift;
  }
  state.warned = share < options_.warning_share;
  return state.warned ? Change::kWarning : Change::kNone;
}

}  // namespace modelyard::statistics
