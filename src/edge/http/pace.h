// Pace tells a client that sends or takes at least so much in every span of time from one that trickles: bytes that
// came fast before give no right to dawdle afterwards.
//
// Threads: its connection's loop.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace modelyard::edge {

class Pace {
 public:
  void begin(SteadyTime now) {
    span_began_ = now;
    bytes_ = 0;
  }
  void moved(std::uint64_t bytes) { bytes_ += bytes; }
  // Asked now and then: whether the span that has ended brought less than `least_rate` bytes a second.
  bool is_too_slow(SteadyTime now, std::chrono::milliseconds span, std::uint64_t least_rate) {
    if (now < span_began_ + span) return false;
    const bool too_slow = bytes_ * 1000 < least_rate * static_cast<std::uint64_t>(span.count());
    begin(now);
    return too_slow;
  }

 private:
  SteadyTime span_began_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace modelyard::edge
