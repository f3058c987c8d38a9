// Spans of time as people write them: "45s", "30m", "24h", "90d".
//
// Errors: InvalidArgument that shows the form.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard {

Result<std::chrono::seconds> parse_duration(std::string_view text);
// In the largest unit that divides it.
std::string format_duration(std::chrono::seconds duration);

}  // namespace modelyard
