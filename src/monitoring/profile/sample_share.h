// SampleShare decides which predictions are profiled, so that profiling stays within a part of its loop's time.
//
// The share is 1, 1/2, 1/4 … 2^-kMostHalvings, by a hash of the prediction. Whenever as much was spent as the budget
// allows for a second, the time that this took tells whether the share halves (less than a second) or doubles (more
// than kSlow seconds). A burst therefore costs at most about twice the budget of its first second.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace modelyard::monitoring {

class SampleShare {
 public:
  static constexpr int kMostHalvings = 20;

  // `budget`: the part of the time, 0 < budget ≤ 1.
  SampleShare(double budget, SteadyTime now)
      : allowance_(static_cast<std::int64_t>(budget * 1e9)), period_began_(now) {}

  bool takes(std::uint64_t hash) const { return (hash & ((std::uint64_t{1} << halvings_) - 1)) == 0; }
  double share() const { return 1.0 / static_cast<double>(std::uint64_t{1} << halvings_); }

  void spent(std::chrono::nanoseconds cost, SteadyTime now) {
    spent_ += cost;
    if (spent_ >= allowance_) end_period(now);
  }
  // To be called now and then, so that the share recovers when there is little to profile.
  void look(SteadyTime now) {
    if (now - period_began_ > kSlow) end_period(now);
  }

 private:
  static constexpr std::chrono::milliseconds kFast{1000}, kSlow{2500};

  void end_period(SteadyTime now) {
    const auto took = now - period_began_;
    if (took < kFast && halvings_ < kMostHalvings) ++halvings_;
    // Idle time doubles it as often as what was spent would have allowed.
    for (auto cost = spent_; took > kSlow && halvings_ > 0 && 5 * cost * kFast.count() < 2 * allowance_ * took_ms(took);
         cost *= 2) {
      --halvings_;
    }
    spent_ = {};
    period_began_ = now;
  }
  static std::int64_t took_ms(std::chrono::nanoseconds took) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  }

  const std::chrono::nanoseconds allowance_;  // of a second
  std::chrono::nanoseconds spent_{0};
  SteadyTime period_began_;
  int halvings_ = 0;
};

}  // namespace modelyard::monitoring
