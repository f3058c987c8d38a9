#include "app/cli/top/table_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace modelyard::app {
namespace {

Interval busy(int versions) {
  Interval interval;
  for (int i = 1; i <= versions; ++i) {
    Activity one;
    one.endpoint = one.model = "fraud";
    one.version = std::to_string(i);
    one.requests = 12.34;
    one.p99 = 0.00123;
    one.firing = std::numeric_limits<double>::quiet_NaN();
    interval.rows_of_table.push_back(one);
  }
  return interval;
}

std::string text_of_lines(const Interval& interval, const ScreenSize& size) {
  std::string text;
  for (const ScreenLine& line : lines_of(interval, "http://s", UtcTime{}, size)) text += line.text + "\n";
  return text;
}

TEST(TopTable, ShowsAllColumnsWhereThereIsRoom) {
  const std::string text = text_of_lines(busy(1), {});

  for (const char* const word : {"ENDPOINT", "QUEUED", "MEMORY", "12.3", "1.23 ms"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST(TopTable, LeavesOutColumnsOnANarrowScreen) {
  for (const ScreenLine& line : lines_of(busy(3), "http://s", UtcTime{}, {40, 24})) EXPECT_LE(line.text.size(), 40u);
  const std::string text = text_of_lines(busy(3), {40, 24});
  EXPECT_NE(text.find("P99"), std::string::npos);
  EXPECT_EQ(text.find("QUEUED"), std::string::npos);
}

TEST(TopTable, SaysHowManyRowsHaveNoRoom) {
  const auto lines = lines_of(busy(50), "http://s", UtcTime{}, {120, 20});

  EXPECT_EQ(lines.size(), 20u);
  EXPECT_EQ(lines.back().text, "… and 35 more that do less");
}

TEST(TopTable, LetsNoNameReachTheTerminal) {
  Interval interval = busy(1);
  interval.rows_of_table[0].endpoint = "\x1b[2Jx";

  EXPECT_EQ(text_of_lines(interval, {}).find('\x1b'), std::string::npos);
}

TEST(TopTable, SaysWhenNothingIsServed) {
  EXPECT_NE(text_of_lines({}, {}).find("nothing is served"), std::string::npos);
}

TEST(TopNumbers, AreShort) {
  EXPECT_EQ(latency_text(0.00095), "950 µs");
  EXPECT_EQ(latency_text(0.01234), "12.3 ms");
  EXPECT_EQ(latency_text(3.21), "3.2 s");
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.5), "0.50");
  EXPECT_EQ(rate_text(1234), "1234");
  EXPECT_EQ(rate_text(12'345), "12.3k");
}

}  // namespace
}  // namespace modelyard::app
