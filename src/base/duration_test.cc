#include "base/duration.h"

#include <gtest/gtest.h>

namespace modelyard {
namespace {

TEST(Duration, IsReadInFourUnits) {
  EXPECT_EQ(*parse_duration("45s"), std::chrono::seconds(45));
  EXPECT_EQ(*parse_duration("30m"), std::chrono::minutes(30));
  EXPECT_EQ(*parse_duration("24h"), std::chrono::hours(24));
  EXPECT_EQ(*parse_duration("90d"), std::chrono::days(90));
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "h", "-5m", "5 m", "5mm", "1.5h", "2000000d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsWrittenInTheLargestUnitThatDividesIt) {
  for (const char* text : {"45s", "90s", "30m", "25h", "90d", "0s"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(std::chrono::hours(48)), "2d");
}

}  // namespace
}  // namespace modelyard
