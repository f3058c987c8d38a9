#include "edge/http/http_date.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

UtcTime at(std::int64_t seconds) {
  return UtcTime(std::chrono::seconds(seconds));
}

TEST(HttpDate, WritesTheTimeAsTheRfcDoes) {
  HttpDate date;

  EXPECT_EQ(date.at(at(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.at(at(1'709'251'199)), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDate, ChangesWithTheSecond) {
  HttpDate date;

  const std::string first(date.at(at(100)));
  EXPECT_EQ(date.at(at(100) + std::chrono::milliseconds(999)), first);
  EXPECT_NE(date.at(at(101)), first);
}

}  // namespace
}  // namespace modelyard::edge
