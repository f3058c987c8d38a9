#include "edge/http/pace.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

using std::chrono::seconds;

constexpr seconds kSpan{60};
constexpr SteadyTime kBegin{seconds(1000)};

TEST(Pace, WaitsForTheEndOfTheSpan) {
  Pace pace;
  pace.begin(kBegin);

  EXPECT_FALSE(pace.is_too_slow(kBegin + seconds(59), kSpan, 256));
  EXPECT_TRUE(pace.is_too_slow(kBegin + seconds(60), kSpan, 256));
}

TEST(Pace, LetsThoseGoOnWhoMoveEnough) {
  Pace pace;
  pace.begin(kBegin);
  for (int span = 1; span <= 10; ++span) {
    pace.moved(60 * 256);
    EXPECT_FALSE(pace.is_too_slow(kBegin + span * kSpan, kSpan, 256));
  }
}

TEST(Pace, GivesNoCreditForWhatCameBefore) {
  Pace pace;
  pace.begin(kBegin);
  pace.moved(64u << 20);
  EXPECT_FALSE(pace.is_too_slow(kBegin + kSpan, kSpan, 256));

  pace.moved(60 * 256 - 1);

  EXPECT_TRUE(pace.is_too_slow(kBegin + 2 * kSpan, kSpan, 256));
}

}  // namespace
}  // namespace modelyard::edge
