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

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const char* first = text.data() + at;
  const auto [end, error] = std::from_chars(first, first + count, value);
  if (error != std::errc{} || end != first + count || *first == '-') return std::nullopt;
  return value;
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
  const auto bad = [given = text] {
    return error(Code::kInvalidArgument, "'{}' is not a UTC time; write it like 2026-01-31T12:00:00Z", given);
  };
  std::string whole(text);
  if (whole.size() == 20 && whole.back() == 'Z') whole.insert(19, ".000000");
  if (whole.size() > 21 && whole.size() < 27 && whole.back() == 'Z')
    whole.insert(whole.size() - 1, 27 - whole.size(), '0');
  text = whole;
  if (text.size() != 27 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text[19] != '.' || text[26] != 'Z') {
    return bad();
  }
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const auto micro = digits(text, 20, 6);
  if (!year || !month || !day || !hour || !minute || !second || !micro) return bad();
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return bad();
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + std::chrono::microseconds(*micro);
}

}  // namespace modelyard
