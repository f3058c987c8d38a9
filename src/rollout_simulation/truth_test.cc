#include "rollout_simulation/truth.h"

#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

TEST(Truth, IsSaidOneSignalAtATime) {
  Truth truth;

  for (const char* text : {"error_rate=2%", "timeout_rate=0.5%", "nonfinite_rate=0%", "p50_ms=3", "p99_ms=9",
                           "latency=1.2", "reward=12%"}) {
    ASSERT_TRUE(set_truth(truth, text)) << text;
  }

  EXPECT_DOUBLE_EQ(truth.error_rate, 0.02);
  EXPECT_DOUBLE_EQ(truth.timeout_rate, 0.005);
  EXPECT_EQ(truth.nonfinite_rate, 0);
  EXPECT_EQ(truth.p50_ms, 3);
  EXPECT_EQ(truth.p99_ms, 9);
  EXPECT_EQ(truth.latency, 1.2);
  EXPECT_DOUBLE_EQ(truth.reward, 0.12);
}

TEST(Truth, RefusesWhatItCannotBe) {
  Truth truth;

  for (const char* text :
       {"", "error_rate", "error_rate=", "error_rate=0.02", "error_rate=101%", "error_rate=-1%", "error_rate=nan%",
        "p99_ms=0", "p99_ms=1e9", "p99_ms=4x", "accuracy=90%", "reward=0.1", "=1"}) {
    EXPECT_FALSE(set_truth(truth, text)) << text;
  }
  EXPECT_EQ(truth, Truth());
}

TEST(Truth, RatesSumToNoMoreThanAllRequests) {
  EXPECT_TRUE(validate(Truth{.error_rate = 0.5, .timeout_rate = 0.5}));
  EXPECT_FALSE(validate(Truth{.error_rate = 0.6, .timeout_rate = 0.5}));
  EXPECT_FALSE(validate(Truth{.p50_ms = 40, .p99_ms = 10}));
}

}  // namespace
}  // namespace modelyard::rollout
