// Silence keeps alerts from being told to anybody for a while; they go on as alerts.
//
// Patterns: a monitor's and a subject's name, or the beginning of one with `*` at its end; "*" is all.
// Threads:  pure.
#pragma once

#include <span>
#include <string>

#include "monitoring/alerts/alert.h"

namespace modelyard::monitoring {

struct Silence {
  static constexpr std::chrono::days kLongest{90};

  std::string id;
  std::string monitor;  // pattern
  std::string subject = "*";
  UtcTime until{};
  std::string reason;
  std::string by;
  UtcTime created{};
};

// InvalidArgument without a reason, with an end that has passed or is too far off, or a `*` that is not at the end.
Status check_silence(const Silence& silence, UtcTime now);

bool is_silenced(const Alert& alert, std::span<const Silence> silences, UtcTime now);

}  // namespace modelyard::monitoring
