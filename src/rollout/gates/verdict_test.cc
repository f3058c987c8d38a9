#include "rollout/gates/verdict.h"

#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

TEST(Verdict, IsReadAsItWasWritten) {
  const Verdict verdict{.gate = "error_rate <= 0.5%",
                        .outcome = Outcome::kFail,
                        .candidate = 0.02,
                        .stable = 0.004,
                        .interval = {0.011, 0.03},
                        .limit = 0.005,
                        .candidate_samples = 800,
                        .stable_samples = 9000,
                        .because = "2 % of 800 requests failed"};
  const auto again = parse_verdict(to_json(verdict), "verdict");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), to_json(verdict));
  EXPECT_EQ(again->interval.high, 0.03);
}

TEST(Verdict, WithoutNumbersHasNulls) {
  Verdict verdict{.gate = "p99_ms <= 40", .outcome = Outcome::kNoData, .because = "no requests"};
  verdict.candidate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(to_json(verdict)["candidate"].is_null());
  EXPECT_TRUE(parse_verdict(to_json(verdict), "verdict"));
}

TEST(Verdict, RefusesOutcomesThatDoNotExist) {
  Json json = to_json(Verdict{.gate = "g", .because = "b"});
  json["outcome"] = "maybe";
  const auto read = parse_verdict(json, "verdict");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "verdict.outcome: 'maybe' is not an outcome");
}

}  // namespace
}  // namespace modelyard::rollout
