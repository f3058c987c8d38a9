#include "app/cli/moment.h"

#include "base/duration.h"

namespace modelyard::app {

Result<std::int64_t> parse_seconds(const std::string& flag, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return duration.error().with_context("{}", flag);
  return duration->count();
}

Result<UtcTime> parse_moment(const std::string& flag, const std::string& text, UtcTime now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  constexpr std::string_view kMidnight = "0000-00-00T00:00:00Z";
  constexpr std::size_t kDate = 10, kMinutes = 16, kSeconds = 19;
  std::string whole = text;
  if (whole.size() == kDate || whole.size() == kMinutes || whole.size() == kSeconds)
    whole += kMidnight.substr(whole.size());
  if (const auto time = parse_utc(whole)) return *time;
  return error(Code::kInvalidArgument,
               "{}: expected how long ago, like 2h or 30m, or a time, like 2026-01-31T12:00 in UTC or "
               "2026-01-31T14:00:00+02:00, got '{}'",
               flag, text);
}

}  // namespace modelyard::app
