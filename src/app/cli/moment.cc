#include "app/cli/moment.h"

#include <array>
#include <charconv>

namespace modelyard::app {
namespace {

std::optional<std::int64_t> seconds_of(const std::string& text) {
  constexpr std::string_view kUnits = "smhd";
  constexpr std::array<std::int64_t, 4> kSeconds{1, 60, 3600, 86'400};
  std::int64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool one_letter = failure == std::errc{} && end + 1 == text.data() + text.size();
  const auto unit = one_letter ? kUnits.find(*end) : std::string_view::npos;
  if (unit == std::string_view::npos || count < 0 || count > 1'000'000) return std::nullopt;
  return count * kSeconds[unit];
}

}  // namespace

Result<std::int64_t> parse_seconds(const std::string& flag, const std::string& text) {
  if (const auto seconds = seconds_of(text)) return *seconds;
  return error(Code::kInvalidArgument, "{}: expected a time like 90d, 24h, 30m or 45s, got '{}'", flag, text);
}

Result<UtcTime> parse_moment(const std::string& flag, const std::string& text, UtcTime now) {
  if (const auto ago = seconds_of(text)) return now - std::chrono::seconds(*ago);
  constexpr std::string_view kMidnight = "0000-00-00T00:00:00Z";
  constexpr std::size_t kDate = 10, kMinutes = 16, kSeconds = 19;
  std::string whole = text;
  if (whole.size() == kDate || whole.size() == kMinutes || whole.size() == kSeconds)
    whole += kMidnight.substr(whole.size());
  if (const auto time = parse_utc(whole)) return *time;
  return error(Code::kInvalidArgument,
               "{}: expected how long ago, like 2h or 30m, or a UTC time like 2026-01-31T12:00, got '{}'", flag, text);
}

}  // namespace modelyard::app
