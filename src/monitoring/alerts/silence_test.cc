#include "monitoring/alerts/silence.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace modelyard::monitoring {
namespace {

using std::chrono::days;
using std::chrono::hours;

class SilenceTest : public ::testing::Test {
 protected:
  bool keeps_quiet(const std::string& monitor, const std::string& subject, hours later = hours(0)) {
    silence_.monitor = monitor;
    silence_.subject = subject;
    return is_silenced(alert_, {&silence_, 1}, clock_.utc_now() + later);
  }

  FakeClock clock_;
  Alert alert_{.monitor = "loans-drift", .subject = "amount"};
  Silence silence_{.monitor = "loans-drift", .until = clock_.utc_now() + hours(2), .reason = "a sale until Monday"};
};

TEST_F(SilenceTest, FitsByNameOrByItsBeginning) {
  EXPECT_TRUE(keeps_quiet("loans-drift", "*"));
  EXPECT_TRUE(keeps_quiet("loans-*", "am*"));
  EXPECT_TRUE(keeps_quiet("*", "amount"));
  EXPECT_FALSE(keeps_quiet("loans", "*"));
  EXPECT_FALSE(keeps_quiet("loans-drift", "age"));
  EXPECT_FALSE(keeps_quiet("loans-drift", "")) << "that of the endpoint only";
}

TEST_F(SilenceTest, EndsByItself) {
  EXPECT_TRUE(keeps_quiet("*", "*", hours(1)));
  EXPECT_FALSE(keeps_quiet("*", "*", hours(2)));
}

TEST_F(SilenceTest, NeedsAReasonAndAnEnd) {
  const auto check = [&](Silence silence) { return check_silence(silence, clock_.utc_now()).has_value(); };
  EXPECT_TRUE(check(silence_));
  Silence other = silence_;
  other.reason.clear();
  EXPECT_FALSE(check(other));
  other = silence_;
  other.until = clock_.utc_now();
  EXPECT_FALSE(check(other));
  other.until = clock_.utc_now() + days(90);
  EXPECT_TRUE(check(other));
  other.until += hours(1);
  EXPECT_FALSE(check(other));
}

TEST_F(SilenceTest, TakesAStarAtTheEndOnly) {
  Silence silence = silence_;
  silence.monitor = "lo*ns";
  EXPECT_FALSE(check_silence(silence, clock_.utc_now()));
  silence.monitor = "**";
  EXPECT_FALSE(check_silence(silence, clock_.utc_now()));
  silence.monitor.clear();
  EXPECT_FALSE(check_silence(silence, clock_.utc_now()));
}

}  // namespace
}  // namespace modelyard::monitoring
