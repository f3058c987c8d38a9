// CostModel predicts how long a run of some rows takes: a line through what warm-up measured, scaled by what serving
// sees.
//
// Threads: any; values are relaxed atomics, a stale one only sends a run the dearer way.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "lifecycle/loader.h"

namespace modelyard::lifecycle {

class CostModel {
 public:
  // What is not known counts as dear.
  explicit CostModel(const MeasuredCost& measured)
      : fixed_(measured.fixed.count()), per_row_(measured.per_row.count()), known_(measured.known) {}

  bool known() const { return known_; }

  std::chrono::nanoseconds predict(std::int64_t rows) const {
    if (!known_) return std::chrono::hours(1);
    const double line = static_cast<double>(fixed_) + static_cast<double>(per_row_) * static_cast<double>(rows);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(line * scale_.load(std::memory_order_relaxed)));
  }

  // No run is expected to be faster: half of what warm-up measured, whatever serving has seen since. (A bound that
  // learnt would not learn any more from requests that it had dropped.)
  std::chrono::nanoseconds at_least(std::int64_t rows) const {
    return std::chrono::nanoseconds(known_ ? (fixed_ + per_row_ * rows) / 2 : 0);
  }

  void learn(std::int64_t rows, std::chrono::nanoseconds took) {
    if (!known_) return;
    const double line =
        std::max(1.0, static_cast<double>(fixed_) + static_cast<double>(per_row_) * static_cast<double>(rows));
    const double ratio = std::clamp(static_cast<double>(took.count()) / line, 0.1, 10.0);
    const double scale = scale_.load(std::memory_order_relaxed);
    scale_.store(scale + kWeight * (ratio - scale), std::memory_order_relaxed);
  }

 private:
  static constexpr double kWeight = 0.02;  // the last fifty runs or so

  const std::int64_t fixed_;
  const std::int64_t per_row_;
  const bool known_;
  std::atomic<double> scale_{1.0};
};

}  // namespace modelyard::lifecycle
