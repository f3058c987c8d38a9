// FakeClock stands still until a test moves it; both times move together.
//
// Threads: safe from any thread.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace modelyard {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(UtcTime start = utc_from_micros(1'700'000'000'000'000)) : start_(start) {}

  UtcTime utc_now() const override { return start_ + std::chrono::duration_cast<std::chrono::microseconds>(elapsed()); }
  SteadyTime steady_now() const override { return SteadyTime(std::chrono::hours(1)) + elapsed(); }

  void advance(std::chrono::nanoseconds step) { elapsed_.fetch_add(step.count()); }

 private:
  std::chrono::nanoseconds elapsed() const { return std::chrono::nanoseconds(elapsed_.load()); }

  const UtcTime start_;
  std::atomic<std::int64_t> elapsed_{0};
};

}  // namespace modelyard
