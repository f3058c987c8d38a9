#include "rollout/machine/freeze.h"

#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

UtcTime utc(std::string_view text) {
  return *parse_utc(text);
}

std::vector<FreezeWindow> windows_of(std::string_view text) {
  const auto windows = parse_freeze(*parse_json(text), "freeze");
  EXPECT_TRUE(windows) << windows.error().message();
  return *windows;
}

std::string refusal_of(std::string_view text) {
  const auto windows = parse_freeze(*parse_json(text), "freeze");
  return windows ? "" : windows.error().message();
}

TEST(Freeze, OnceHoldsFromItsBeginToJustBeforeItsEnd) {
  const auto windows = windows_of(R"([{"from": "2026-12-24T00:00:00Z", "to": "2026-12-27T08:00:00Z"}])");
  EXPECT_FALSE(is_frozen(windows, utc("2026-12-23T23:59:59Z")));
  EXPECT_TRUE(is_frozen(windows, utc("2026-12-24T00:00:00Z")));
  EXPECT_TRUE(is_frozen(windows, utc("2026-12-27T07:59:59Z")));
  EXPECT_FALSE(is_frozen(windows, utc("2026-12-27T08:00:00Z")));
}

TEST(Freeze, WeeklyRunsIntoTheNextMorning) {
  const auto windows = windows_of(R"([{"days": ["fri"], "from": "16:00", "to": "08:00"}])");
  EXPECT_FALSE(is_frozen(windows, utc("2026-11-27T15:59:59Z")));  // a Friday
  EXPECT_TRUE(is_frozen(windows, utc("2026-11-27T16:00:00Z")));
  EXPECT_TRUE(is_frozen(windows, utc("2026-11-28T07:59:59Z")));
  EXPECT_FALSE(is_frozen(windows, utc("2026-11-28T08:00:00Z")));
  EXPECT_FALSE(is_frozen(windows, utc("2026-11-26T20:00:00Z")));
}

TEST(Freeze, WeeklyWithinADayDoesNotRunOver) {
  const auto windows = windows_of(R"([{"days": ["mon", "sun"], "from": "09:00", "to": "17:30"}])");
  EXPECT_TRUE(is_frozen(windows, utc("2026-11-23T17:29:00Z")));
  EXPECT_FALSE(is_frozen(windows, utc("2026-11-23T17:30:00Z")));
  EXPECT_TRUE(is_frozen(windows, utc("2026-11-29T09:00:00Z")));
  EXPECT_FALSE(is_frozen(windows, utc("2026-11-24T10:00:00Z")));
}

TEST(Freeze, UntilJoinsWindowsWithoutAGap) {
  const auto windows = windows_of(R"([{"days": ["fri"], "from": "16:00", "to": "24:00"},
                                      {"days": ["sat", "sun"], "from": "00:00", "to": "24:00"},
                                      {"from": "2026-11-30T00:00:00Z", "to": "2026-11-30T06:00:00Z"}])");
  EXPECT_EQ(frozen_until(windows, utc("2026-11-27T20:00:00Z")), utc("2026-11-30T06:00:00Z"));
  EXPECT_EQ(frozen_until(windows, utc("2026-11-26T20:00:00Z")), std::nullopt);
}

TEST(Freeze, WithoutAnyGapEndsFarAhead) {
  const auto windows =
      windows_of(R"([{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}])");
  const UtcTime now = utc("2026-11-27T20:00:00Z");
  EXPECT_GT(*frozen_until(windows, now), now + std::chrono::days(365));
}

TEST(Freeze, IsReadAsItWasWritten) {
  const std::string text = R"([{"from":"2026-12-24T00:00:00.000000Z","to":"2026-12-27T08:00:00.000000Z"},)"
                           R"({"days":["mon","fri"],"from":"16:05","to":"24:00"}])";
  Json again = Json::array();
  for (const FreezeWindow& window : windows_of(text)) again.push_back(to_json(window));
  EXPECT_EQ(again, *parse_json(text));
}

TEST(Freeze, RefusalsSayWhatToWrite) {
  EXPECT_EQ(refusal_of(R"([{"from": "2026-12-24T00:00:00Z", "to": "2026-12-23T00:00:00Z"}])"),
            "freeze[0].to: is not after from: swap them");
  EXPECT_EQ(refusal_of(R"([{"days": ["friday"], "from": "16:00", "to": "08:00"}])"),
            "freeze[0].days: \"friday\" is none of mon, tue, wed, thu, fri, sat, sun");
  EXPECT_EQ(refusal_of(R"([{"days": [], "from": "16:00", "to": "08:00"}])"), "freeze[0].days: name at least one day");
  EXPECT_EQ(refusal_of(R"([{"days": ["fri"], "from": "4pm", "to": "08:00"}])"),
            "freeze[0].from: expected a time of day like 16:00, got '4pm'");
  EXPECT_EQ(refusal_of(R"([{"days": ["fri"], "from": "16:00", "to": "24:01"}])"),
            "freeze[0].to: expected a time of day like 16:00, got '24:01'");
  EXPECT_EQ(refusal_of(R"([{"days": ["fri"], "from": "16:00", "to": "16:00"}])"),
            "freeze[0].from: a whole day is from 00:00 to 24:00");
  EXPECT_EQ(refusal_of(R"([{"days": ["fri"], "from": "16:00", "to": "08:00", "until": 1}])"),
            "freeze[0].until: unknown field");
}

}  // namespace
}  // namespace modelyard::rollout
