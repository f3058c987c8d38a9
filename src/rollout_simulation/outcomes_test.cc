#include "rollout_simulation/outcomes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

SimulatedCourse ended(Ending ending, int seconds) {
  SimulatedCourse course;
  course.state.ending = ending;
  course.decision = std::chrono::seconds(seconds);
  course.served = {.requests = 100, .candidate_requests = 10, .faults = 4, .candidate_faults = 2};
  return course;
}

TEST(Outcomes, AreSharesWithIntervalsAndTimes) {
  Outcomes outcomes;
  for (int i = 1; i <= 9; ++i) outcomes.add(ended(Ending::kPromoted, i));
  SimulatedCourse rejected = ended(Ending::kRejected, 60);
  rejected.state.fired = verdict_of("error_rate <= 1%", Outcome::kFail);
  outcomes.add(rejected);

  const Json document = outcomes.document();

  EXPECT_EQ(document["runs"], 10);
  const Json& promoted = document["outcomes"]["promoted"];
  EXPECT_EQ(promoted["share"], 0.9);
  EXPECT_NEAR(promoted["low"].get<double>(), 0.59585, 1e-4);  // Wilson
  EXPECT_NEAR(promoted["high"].get<double>(), 0.98212, 1e-4);
  EXPECT_EQ(promoted["decision_seconds"]["p50"], 5);
  EXPECT_FALSE(document["outcomes"]["aborted"].contains("decision_seconds"));
  EXPECT_EQ(document["fired"], (Json{{"error_rate <= 1%", 1}}));
  EXPECT_EQ(document["mean"]["candidate_faults"], 2);
}

TEST(Outcomes, WhatHoldsIsInconclusive) {
  Outcomes outcomes;
  SimulatedCourse course;
  course.state.phase = Phase::kHolding;

  outcomes.add(course);

  EXPECT_EQ(outcomes.document()["outcomes"]["inconclusive"]["runs"], 1);
}

// Whoever looks every second at a candidate that is just like stable takes few of them back.
TEST(Outcomes, ACandidateThatIsNoWorseIsSeldomRejected) {
  constexpr int kRuns = 50;
  const auto simulation = Simulation::make(
      spec_of(R"({"candidate": 2, "strategy": "canary", "steps": [20, 50], "hold": "2m", "most_duration": "4m",
                  "gates": ["error_rate <= stable", "error_rate <= 2%"], "on_inconclusive": "abort"})"),
      {.stable = {.error_rate = 0.02},
       .candidate = {.error_rate = 0.02},
       .requests_per_second = 20,
       .begin = at_seconds(0)});
  ASSERT_TRUE(simulation);
  Outcomes outcomes;

  for (int seed = 1; seed <= kRuns; ++seed) outcomes.add(simulation->run(static_cast<std::uint64_t>(seed)));

  const double rejected = outcomes.document()["outcomes"]["rejected"]["share"].get<double>();
  EXPECT_LE(rejected, 0.05 + 3 * std::sqrt(0.05 * 0.95 / kRuns));
}

}  // namespace
}  // namespace modelyard::rollout
