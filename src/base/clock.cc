#include "base/clock.h"

#include <charconv>
#include <optional>

namespace modelyard {
namespace {

class SystemClock final : public Clock {
 public:
  UtcTime utc_now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

constexpr std::size_t kMostShown = 60;  // of what is no time
constexpr UtcTime kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr UtcTime kLast = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - std::chrono::microseconds(1);

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const char* first = text.data() + at;
  const auto [end, error] = std::from_chars(first, first + count, value);
  if (error != std::errc{} || end != first + count || *first == '-') return std::nullopt;
  return value;
}

// What stands behind the seconds: taken off `text`, in minutes ahead of UTC.
std::optional<std::chrono::minutes> cut_offset(std::string_view& text) {
  if (text.ends_with('Z') || text.ends_with('z')) {
    text.remove_suffix(1);
    return std::chrono::minutes(0);
  }
  constexpr std::size_t kBytes = 6;  // "+02:00"
  if (text.size() < kBytes) return std::nullopt;
  const std::string_view offset = text.substr(text.size() - kBytes);
  const auto hours = digits(offset, 1, 2), minutes = digits(offset, 4, 2);
  const bool is_one = (offset[0] == '+' || offset[0] == '-') && offset[3] == ':';
  if (!is_one || !hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  text.remove_suffix(kBytes);
  const std::chrono::minutes ahead = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return offset[0] == '-' ? -ahead : ahead;
}

// Likewise the digits behind the point; none of them are 0.
std::optional<std::chrono::microseconds> cut_fraction(std::string_view& text) {
  constexpr std::size_t kSeconds = 19, kMostDigits = 6;
  if (text.size() <= kSeconds) return std::chrono::microseconds(0);
  std::string fraction(text.substr(kSeconds));
  if (fraction[0] != '.' || fraction.size() < 2 || fraction.size() > 1 + kMostDigits) return std::nullopt;
  fraction.resize(1 + kMostDigits, '0');
  const auto micros = digits(fraction, 1, kMostDigits);
  if (!micros) return std::nullopt;
  text = text.substr(0, kSeconds);
  return std::chrono::microseconds(*micros);
}

void put_digits(char* at, int width, std::int64_t value) {
  for (int i = width; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_utc(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000000Z";
  put_digits(text.data(), 4, static_cast<int>(date.year()));
  put_digits(text.data() + 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text.data() + 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text.data() + 11, 2, clock.hours().count());
  put_digits(text.data() + 14, 2, clock.minutes().count());
  put_digits(text.data() + 17, 2, clock.seconds().count());
  put_digits(text.data() + 20, 6, clock.subseconds().count());
  return text;
}

Result<UtcTime> parse_utc(std::string_view text) {
  const auto bad = [text] {
    return error(Code::kInvalidArgument,
                 "'{}' is not a time; write it like 2026-01-31T12:00:00Z, or 2026-01-31T14:00:00+02:00",
                 text.substr(0, kMostShown));
  };
  const auto ahead = cut_offset(text);
  const auto micro = ahead ? cut_fraction(text) : std::nullopt;
  if (!micro || text.size() != 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':') {
    return bad();
  }
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return bad();
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return bad();
  const UtcTime time = UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
                       std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *micro - *ahead;
  // What an offset moves out of the years that can be written.
  return time < kFirst || time > kLast ? Result<UtcTime>(bad()) : time;
}

}  // namespace modelyard
