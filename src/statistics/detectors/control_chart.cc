#include "statistics/detectors/control_chart.h"

#include <algorithm>
#include <cmath>

namespace modelyard::statistics {

std::optional<double> BaselineKeeper::standardized(double value) {
  if (given_) return (value - given_->mean) / given_->deviation;
  if (count_ < learnt_from_ || squares_ == 0) {
    count_ += 1;
    const double before = value - mean_;
    mean_ += before / count_;
    squares_ += before * (value - mean_);
    return std::nullopt;
  }
  return (value - mean_) / std::sqrt(squares_ / (count_ - 1));
}

void BaselineKeeper::reset() {
  count_ = mean_ = squares_ = 0;
}

Change Cusum::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  const auto z = baseline_.standardized(value);
  if (!z) return Change::kNone;
  up_ = std::max(0.0, up_ + *z - options_.slack);
  down_ = std::max(0.0, down_ - *z - options_.slack);
  if (std::max(up_, down_) <= options_.threshold) return Change::kNone;
  up_ = down_ = 0;
  baseline_.reset();
  return Change::kDrift;
}

Change EwmaChart::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  const auto z = baseline_.standardized(value);
  if (!z) return Change::kNone;
  const double weight = options_.weight;
  mean_ += weight * (*z - mean_);
  old_share_ *= (1 - weight) * (1 - weight);
  const double limit = options_.limit * std::sqrt(weight / (2 - weight) * (1 - old_share_));
  if (std::abs(mean_) <= limit) return Change::kNone;
  mean_ = 0;
  old_share_ = 1;
  baseline_.reset();
  return Change::kDrift;
}

}  // namespace modelyard::statistics
