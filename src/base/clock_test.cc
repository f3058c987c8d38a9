#include "base/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/fake_clock.h"

namespace modelyard {
namespace {

using namespace std::chrono_literals;

TEST(UtcTime, IsWrittenWithSixDigits) {
  EXPECT_EQ(format_utc(utc_from_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_utc(utc_from_micros(1'700'000'000'000'001)), "2023-11-14T22:13:20.000001Z");
  EXPECT_EQ(format_utc(utc_from_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(UtcTime, IsReadBack) {
  const auto leap_day = parse_utc("2024-02-29T23:59:59.999999Z");

  ASSERT_TRUE(leap_day.has_value());
  EXPECT_EQ(utc_micros(*leap_day), 1'709'251'199'999'999);
}

TEST(UtcTime, RefusesWhatIsNotATime) {
  for (const std::string_view text :
       {"", "2026-01-31", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00.000000",
        "2026-01-31T12:00:00.000000+", "2026-01-31 12:00:00.000000Z", "2026-02-30T12:00:00.000000Z",
        "2025-02-29T12:00:00.000000Z", "2026-13-01T12:00:00.000000Z", "2026-00-01T12:00:00.000000Z",
        "2026-01-31T24:00:00.000000Z", "2026-01-31T12:60:00.000000Z", "2026-01-31T12:00:60.000000Z",
        "-026-01-31T12:00:00.000000Z", "2026-01-31T12:00:00.-00001Z", "2026-01-31T12:00:00.00000 Z",
        "2026-+1-31T12:00:00.000000Z", "2026-01-31T12:00:00.0000000Z"}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

TEST(UtcTime, MayLeaveOutDigitsBehindThePoint) {
  const std::int64_t noon = 1'769'860'800'000'000;
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T12:00:00Z")), noon);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T12:00:00.5Z")), noon + 500'000);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T12:00:00.00001Z")), noon + 10);
}

TEST(UtcTime, MaySayHowFarItIsAheadOfUtc) {
  const std::int64_t noon = 1'769'860'800'000'000;
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T14:00:00+02:00")), noon);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T17:30:00.25+05:30")), noon + 250'000);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T03:30:00-08:30")), noon);
  EXPECT_EQ(utc_micros(*parse_utc("2026-02-01T00:00:00+12:00")), noon);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31t12:00:00-00:00")), noon);
  EXPECT_EQ(utc_micros(*parse_utc("2026-01-31T12:00:00z")), noon);
  for (const std::string_view text :
       {"2026-01-31T12:00:00+2:00", "2026-01-31T12:00:00+0200", "2026-01-31T12:00:00+02", "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+02:60", "2026-01-31T12:00:00 02:00", "2026-01-31T12:00:00+02:00Z", "+02:00",
        "2026-01-31T12:00+02:00", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

TEST(UtcTime, SaysHowATimeIsWritten) {
  EXPECT_EQ(parse_utc("yesterday").error().message(),
            "'yesterday' is not a time; write it like 2026-01-31T12:00:00Z, or 2026-01-31T14:00:00+02:00");
}

RC_GTEST_PROP(UtcTime, TextAndTimeSayTheSameFromYear0To9999, ()) {
  const auto micros = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'800'000'000);

  const auto read = parse_utc(format_utc(utc_from_micros(micros)));

  RC_ASSERT(read.has_value());
  RC_ASSERT(utc_micros(*read) == micros);
}

RC_GTEST_PROP(UtcTime, TextOrderIsTimeOrder, ()) {
  const auto first = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'800'000'000);
  const auto second = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'800'000'000);

  RC_ASSERT((format_utc(utc_from_micros(first)) < format_utc(utc_from_micros(second))) == (first < second));
}

TEST(FakeClock, StandsStillUntilItIsMoved) {
  FakeClock clock(utc_from_micros(5'000'000));
  const SteadyTime before = clock.steady_now();

  EXPECT_EQ(clock.utc_now(), utc_from_micros(5'000'000));
  clock.advance(1500ms);

  EXPECT_EQ(clock.utc_now(), utc_from_micros(6'500'000));
  EXPECT_EQ(clock.steady_now() - before, 1500ms);
}

TEST(SystemClock, NeverGoesBack) {
  const SteadyTime first = system_clock().steady_now();
  const SteadyTime second = system_clock().steady_now();

  EXPECT_LE(first, second);
  EXPECT_GT(system_clock().utc_now(), *parse_utc("2026-01-01T00:00:00.000000Z"));
}

}  // namespace
}  // namespace modelyard
