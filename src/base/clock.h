// Clock is the one source of time, so that tests step it. Stored times are UTC microseconds;
// durations and deadlines are monotonic.
//
// Threads: every implementation is safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace modelyard {

using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime utc_now() const = 0;
  virtual SteadyTime steady_now() const = 0;
};

// The machine's clock; lives for the whole process.
const Clock& system_clock();

// "2026-11-24T07:15:32.000123Z": always six digits, so that text order is time order.
std::string format_utc(UtcTime time);
// As RFC 3339 writes times: at most six digits behind the point; Z or an offset, "2026-11-24T09:15:32.5+02:00".
Result<UtcTime> parse_utc(std::string_view text);

inline std::int64_t utc_micros(UtcTime time) {
  return time.time_since_epoch().count();
}
inline UtcTime utc_from_micros(std::int64_t micros) {
  return UtcTime(std::chrono::microseconds(micros));
}

}  // namespace modelyard
