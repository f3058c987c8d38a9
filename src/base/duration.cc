#include "base/duration.h"

#include <array>
#include <charconv>

namespace modelyard {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86'400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t kMostOfAUnit = 1'000'000;

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failure == std::errc{} && end + 1 == text.data() + text.size() && count >= 0 && count <= kMostOfAUnit) {
    for (const Unit& unit : kUnits) {
      if (unit.letter == *end) return std::chrono::seconds(count * unit.seconds);
    }
  }
  return error(Code::kInvalidArgument, "expected a time like 90d, 24h, 30m or 45s, got '{}'", text);
}

std::string format_duration(std::chrono::seconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.seconds == 0 && (duration.count() > 0 || unit.seconds == 1)) {
      return fmt::format("{}{}", duration.count() / unit.seconds, unit.letter);
    }
  }
  return "0s";
}

}  // namespace modelyard
