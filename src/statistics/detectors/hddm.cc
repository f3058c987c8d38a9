#include "statistics/detectors/hddm.h"

#include <cmath>

namespace modelyard::statistics {
namespace {

// McDiarmid's bound for a weighted mean.
double mcdiarmid(double squared_weights, double confidence) {
  return std::sqrt(squared_weights * std::log(1 / confidence) / 2);
}

}  // namespace

double HddmA::bound(double count) const {
  return std::sqrt(std::log(1 / options_.drift_confidence) / (2 * count));
}

bool HddmA::has_moved(const Mean& cut, double gap, double confidence) const {
  const double all = state_.all.count;
  if (cut.count == all) return false;
  const double m = (all - cut.count) / cut.count / all;
  return gap >= std::sqrt(m / 2 * std::log(2 / confidence));
}

Change HddmA::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  Mean& all = state_.all;
  all.count += 1;
  all.value += (value - all.value) / all.count;
  Mean &low = state_.low, &high = state_.high;
  if (low.count == 0 || low.value + bound(low.count) >= all.value + bound(all.count)) low = all;
  if (high.count == 0 || high.value - bound(high.count) <= all.value - bound(all.count)) high = all;
  const auto moved = [&](double confidence) {
    return has_moved(low, all.value - low.value, confidence) ||
           (options_.both_directions && has_moved(high, high.value - all.value, confidence));
  };
  if (moved(options_.drift_confidence)) {
    state_ = {};
    return Change::kDrift;
  }
  return moved(options_.warning_confidence) ? Change::kWarning : Change::kNone;
}

void HddmW::take(Mean& mean, double value) const {
  const double weight = options_.weight;
  mean.value = mean.empty ? value : weight * value + (1 - weight) * mean.value;
  mean.bound = weight * weight + (1 - weight) * (1 - weight) * mean.bound;
  mean.empty = false;
}

void HddmW::follow_rise(double value) {
  const double cut = state_.all.value + mcdiarmid(state_.all.bound, options_.drift_confidence);
  if (cut >= state_.rise_cut) return take(state_.after_rise, value);
  state_.rise_cut = cut;
  state_.before_rise = state_.all;
  state_.after_rise = {};
}

void HddmW::follow_fall(double value) {
  const double cut = state_.all.value - mcdiarmid(state_.all.bound, options_.drift_confidence);
  if (cut <= state_.fall_cut) return take(state_.after_fall, value);
  state_.fall_cut = cut;
  state_.before_fall = state_.all;
  state_.after_fall = {};
}

Change HddmW::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  take(state_.all, value);
  follow_rise(value);
  follow_fall(value);
  const auto is_above = [](const Mean& lower, const Mean& upper, double confidence) {
    if (lower.empty || upper.empty) return false;
    return upper.value - lower.value > mcdiarmid(lower.bound + upper.bound, confidence);
  };
  const auto moved = [&](double confidence) {
    return is_above(state_.before_rise, state_.after_rise, confidence) ||
           (options_.both_directions && is_above(state_.after_fall, state_.before_fall, confidence));
  };
  if (moved(options_.drift_confidence)) {
    state_ = {};
    return Change::kDrift;
  }
  return moved(options_.warning_confidence) ? Change::kWarning : Change::kNone;
}

}  // namespace modelyard::statistics
