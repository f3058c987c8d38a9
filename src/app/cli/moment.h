// Times as people type them.
//
// Errors: InvalidArgument that names the flag and shows how it is written.
#pragma once

#include <string>

#include "base/clock.h"

namespace modelyard::app {

// "90d", "24h", "30m", "45s"
Result<std::int64_t> parse_seconds(const std::string& flag, const std::string& text);
// So long ago, a UTC time of which the end may be left out, "2026-11-24", "2026-11-24T07:15", or what parse_utc()
// reads.
Result<UtcTime> parse_moment(const std::string& flag, const std::string& text, UtcTime now);

}  // namespace modelyard::app
