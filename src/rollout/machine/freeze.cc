#include "rollout/machine/freeze.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/ranges.h>

namespace modelyard::rollout {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kMostWindows = 100;
constexpr int kMostRounds = 1000;  // windows that follow each other
constexpr std::chrono::minutes kDay{1440};

bool begins_on(const FreezeWeekly& window, std::chrono::sys_days day) {
  return (window.days >> (std::chrono::weekday(day).iso_encoding() - 1) & 1u) != 0;
}

std::optional<UtcTime> end_if_within(const FreezeOnce& window, UtcTime now) {
  return now >= window.from && now < window.to ? std::optional(window.to) : std::nullopt;
}

std::optional<UtcTime> end_if_within(const FreezeWeekly& window, UtcTime now) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::minutes length =
      window.to > window.from ? window.to - window.from : window.to + kDay - window.from;
  for (const auto day : {today, today - std::chrono::days(1)}) {
    const UtcTime begin = day + window.from, end = begin + length;
    if (begins_on(window, day) && now >= begin && now < end) return end;
  }
  return std::nullopt;
}

std::optional<UtcTime> last_end(std::span<const FreezeWindow> windows, UtcTime now) {
  std::optional<UtcTime> last;
  for (const FreezeWindow& window : windows) {
    const auto end = std::visit([&](const auto& one) { return end_if_within(one, now); }, window);
    if (end && (!last || *end > *last)) last = end;
  }
  return last;
}

std::string time_of_day(std::chrono::minutes time) {
  return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

Result<std::chrono::minutes> parse_time_of_day(ObjectReader& fields, std::string_view key) {
  MODELYARD_ASSIGN(const std::string text, fields.string(key));
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 99; };
  if (text.size() == 5 && text[2] == ':') {
    const int hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
    if (minutes < 60 && hours * 60 + minutes <= kDay.count()) return std::chrono::minutes(hours * 60 + minutes);
  }
  return error(Code::kInvalidArgument, "{}: expected a time of day like 16:00, got '{}'", fields.path_of(key), text);
}

Result<UtcTime> read_instant(ObjectReader& fields, std::string_view key) {
  MODELYARD_ASSIGN(const std::string text, fields.string(key));
  const auto time = parse_utc(text);
  if (!time) return time.error().with_context("{}", fields.path_of(key));
  return *time;
}

Result<FreezeWindow> parse_once(ObjectReader& fields) {
  FreezeOnce window;
  MODELYARD_ASSIGN(window.from, read_instant(fields, "from"));
  MODELYARD_ASSIGN(window.to, read_instant(fields, "to"));
  MODELYARD_TRY(fields.finish());
  if (window.to > window.from) return FreezeWindow(window);
  return error(Code::kInvalidArgument, "{}: is not after from: swap them", fields.path_of("to"));
}

Result<FreezeWindow> parse_weekly(ObjectReader& fields, const Json& days) {
  FreezeWeekly window;
  for (const Json& day : days) {
    const auto known = day.is_string() ? std::ranges::find(kDays, day.get_ref<const std::string&>()) : kDays.end();
    if (known == kDays.end()) {
      return error(Code::kInvalidArgument, "{}: {} is none of {}", fields.path_of("days"), day.dump(),
                   fmt::join(kDays, ", "));
    }
    window.days |= 1u << (known - kDays.begin());
  }
  if (window.days == 0) return error(Code::kInvalidArgument, "{}: name at least one day", fields.path_of("days"));
  MODELYARD_ASSIGN(window.from, parse_time_of_day(fields, "from"));
  MODELYARD_ASSIGN(window.to, parse_time_of_day(fields, "to"));
  MODELYARD_TRY(fields.finish());
  if (window.from < kDay && window.to != window.from) return FreezeWindow(window);
  return error(Code::kInvalidArgument, "{}: a whole day is from 00:00 to 24:00", fields.path_of("from"));
}

}  // namespace

bool is_frozen(std::span<const FreezeWindow> windows, UtcTime now) {
  return last_end(windows, now).has_value();
}

std::optional<UtcTime> frozen_until(std::span<const FreezeWindow> windows, UtcTime now) {
  std::optional<UtcTime> until = last_end(windows, now);
  for (int round = 0; until && round < kMostRounds; ++round) {
    const auto further = last_end(windows, *until);
    if (!further) break;
    until = further;
  }
  return until;
}

Json to_json(const FreezeWindow& window) {
  if (const auto* once = std::get_if<FreezeOnce>(&window)) {
    return {{"from", format_utc(once->from)}, {"to", format_utc(once->to)}};
  }
  const auto& weekly = std::get<FreezeWeekly>(window);
  Json days = Json::array();
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (weekly.days >> i & 1u) days.push_back(kDays[i]);
  }
  return {{"days", std::move(days)}, {"from", time_of_day(weekly.from)}, {"to", time_of_day(weekly.to)}};
}

Result<std::vector<FreezeWindow>> parse_freeze(const Json& list, const std::string& path) {
  if (list.size() > kMostWindows) return error(Code::kInvalidArgument, "{}: at most {} windows", path, kMostWindows);
  std::vector<FreezeWindow> windows;
  for (std::size_t i = 0; i < list.size(); ++i) {
    MODELYARD_ASSIGN(auto fields, ObjectReader::open(list[i], fmt::format("{}[{}]", path, i)));
    MODELYARD_ASSIGN(const Json* const days, fields.optional_array("days"));
    MODELYARD_ASSIGN(FreezeWindow window, days ? parse_weekly(fields, *days) : parse_once(fields));
    windows.push_back(window);
  }
  return windows;
}

}  // namespace modelyard::rollout
