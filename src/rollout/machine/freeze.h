// A freeze is a time during which a rollout does not move forward: nights, weekends, a sale. Backing out is always
// allowed.
//
// Form:    {"from": "2026-12-24T00:00:00Z", "to": "2026-12-27T08:00:00Z"}, once; or weekly, in UTC:
//          {"days": ["fri"], "from": "16:00", "to": "08:00"}, where an end that is not behind the beginning is on the day
//          after, and "24:00" is the end of a day.
// Errors:  InvalidArgument naming the field.
// Threads: pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace modelyard::rollout {

struct FreezeOnce {
  UtcTime from, to;

  friend bool operator==(const FreezeOnce&, const FreezeOnce&) = default;
};

struct FreezeWeekly {
  unsigned days = 0;              // bit 0 is Monday: the days on which it begins
  std::chrono::minutes from{0};   // of the day
  std::chrono::minutes to{1440};  // of that day, or of the next one

  friend bool operator==(const FreezeWeekly&, const FreezeWeekly&) = default;
};

using FreezeWindow = std::variant<FreezeOnce, FreezeWeekly>;

bool is_frozen(std::span<const FreezeWindow> windows, UtcTime now);
// When the freeze that is in force ends, with the ones that follow it without a gap; nullopt when there is none.
// Windows without any gap have no end: then it is a time far ahead.
std::optional<UtcTime> frozen_until(std::span<const FreezeWindow> windows, UtcTime now);

Json to_json(const FreezeWindow& window);
Result<std::vector<FreezeWindow>> parse_freeze(const Json& list, const std::string& path);

}  // namespace modelyard::rollout
