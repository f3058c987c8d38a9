#include "rollout_simulation/simulation.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

SimulatedWorld world_with(const Truth& candidate, std::uint64_t units = 0) {
  return {.stable = {}, .candidate = candidate, .requests_per_second = 100, .units = units, .begin = at_seconds(0)};
}

SimulatedCourse course_of(std::string_view spec, const SimulatedWorld& world, std::uint64_t seed = 1) {
  const auto simulation = Simulation::make(spec_of(spec), world);
  EXPECT_TRUE(simulation) << simulation.error().message();
  return simulation->run(seed);
}

constexpr std::string_view kCanary = R"({"candidate": 2, "strategy": "canary", "steps": [10, 50], "hold": "2m",
  "gates": ["error_rate <= 1%", "p99_ms <= stable * 2", "nonfinite_rate <= 0%"], "most_duration": "1h"})";

TEST(Simulation, PromotesACandidateThatIsLikeStable) {
  const SimulatedCourse course = course_of(kCanary, world_with({}));

  EXPECT_EQ(outcome_of(course), "promoted");
  EXPECT_EQ(course.state.phase, Phase::kDone);
  EXPECT_GE(*course.decision, std::chrono::minutes(4));
}

TEST(Simulation, EachFaultIsTakenBackByItsGate) {
  const std::vector<std::pair<Truth, std::string>> faults{{{.error_rate = 0.1}, "error_rate <= 1%"},
                                                          {{.latency = 5}, "p99_ms <= stable * 2"},
                                                          {{.nonfinite_rate = 0.05}, "nonfinite_rate <= 0%"}};
  for (const auto& [truth, gate] : faults) {
    const SimulatedCourse course = course_of(kCanary, world_with(truth));

    EXPECT_EQ(outcome_of(course), "rejected") << gate;
    ASSERT_TRUE(course.state.fired) << gate;
    EXPECT_EQ(course.state.fired->gate, gate);
  }
}

TEST(Simulation, TheSameSeedIsTheSameCourse) {
  const SimulatedWorld world = world_with({.error_rate = 0.02}, 500);

  const SimulatedCourse one = course_of(kCanary, world, 7), again = course_of(kCanary, world, 7),
                        other = course_of(kCanary, world, 8);

  EXPECT_EQ(to_json(one.state), to_json(again.state));
  EXPECT_EQ(one.served.candidate_faults, again.served.candidate_faults);
  EXPECT_NE(one.served.candidate_requests, other.served.candidate_requests);
}

TEST(Simulation, WithoutEnoughRequestsItHoldsAndNobodyComes) {
  SimulatedWorld world = world_with({});
  world.requests_per_second = 0.01;

  const SimulatedCourse course = course_of(kCanary, world);

  EXPECT_EQ(outcome_of(course), "inconclusive");
  EXPECT_EQ(course.state.phase, Phase::kHolding);
  EXPECT_EQ(course.state.held_for, HoldCause::kNoData);
}

TEST(Simulation, AFreezeIsWaitedFor) {
  SimulatedWorld world = world_with({});
  const SimulatedCourse free = course_of(kCanary, world);

  const SimulatedCourse frozen = course_of(R"({"candidate": 2, "strategy": "canary", "steps": [10, 50], "hold": "2m",
    "freeze": [{"from": "2026-11-23T00:00:00Z", "to": "2026-11-25T00:00:00Z"}]})",
                                           world);

  EXPECT_LT(*free.decision, std::chrono::minutes(10));
  EXPECT_GT(*frozen.decision, std::chrono::days(1));
}

TEST(Simulation, AStepThatWaitsForAPersonIsLetGoOn) {
  const SimulatedCourse course =
      course_of(R"({"candidate": 2, "strategy": "canary", "steps": [{"weight": 10, "pause": true}],
    "hold": "1m"})",
                world_with({}));

  EXPECT_EQ(outcome_of(course), "promoted");
}

constexpr std::string_view kBandit = R"({"candidate": 2, "strategy": "bandit", "reward": "clicked", "floor": 10,
  "hold": "20m", "most_duration": "4h", "gates": ["error_rate <= 2%"]})";

TEST(Simulation, ABanditGoesWhereTheRewardsAre) {
  const SimulatedCourse better = course_of(kBandit, world_with({.reward = 0.14}));
  const SimulatedCourse worse = course_of(kBandit, world_with({.reward = 0.07}));

  EXPECT_EQ(outcome_of(better), "promoted") << better.state.reason;
  ASSERT_EQ(outcome_of(worse), "rejected") << worse.state.reason;
  EXPECT_EQ(worse.state.fired->gate, "reward clicked");
  EXPECT_EQ(worse.state.bandit_weight, 1000);
  EXPECT_LT(worse.served.candidate_requests * 4, worse.served.requests) << "few were asked of the worse one";
}

TEST(Simulation, AGuardEndsABanditBeforeItsTime) {
  const SimulatedCourse course = course_of(kBandit, world_with({.error_rate = 0.2, .reward = 0.5}));

  ASSERT_EQ(outcome_of(course), "rejected");
  EXPECT_EQ(course.state.fired->gate, "error_rate <= 2%");
  EXPECT_LT(*course.decision, std::chrono::minutes(5));
}

TEST(Simulation, UsersStayWithTheirVersion) {
  const AnswerSource answers{Truth{}};
  const auto users = unit_hashes("salt", 1000);
  RequestStream stream({answers, answers}, users, 1);
  TrafficPlan plan;
  plan.stable = 1;
  plan.shares = {{1, 9000}, {2, 1000}};
  StepEvidence step;

  stream.serve(20'000, plan, &step);

  // A tenth of users, not of requests: within four deviations of a tenth of 1,000.
  const double share = static_cast<double>(stream.served().candidate_requests) / 20'000;
  EXPECT_NEAR(share, 0.1, 0.04);
  for (std::size_t bucket = 0; bucket < kUnitBuckets; ++bucket) {
    const bool has_user = std::ranges::any_of(users, [&](std::uint64_t user) { return unit_bucket(user) == bucket; });
    EXPECT_TRUE(has_user || step.candidate.requests[bucket] + step.stable.requests[bucket] == 0);
  }
}

TEST(Simulation, LatenciesHaveTheQuantilesThatAreAskedFor) {
  const AnswerSource answers(Truth{.p50_ms = 10, .p99_ms = 40, .latency = 2});
  SeededRandom random(3);
  int above_median = 0, above_p99 = 0;
  constexpr int kAnswers = 100'000;

  for (int i = 0; i < kAnswers; ++i) {
    const auto latency = *answers.draw(random, 0).latency;
    above_median += latency > std::chrono::milliseconds(20) ? 1 : 0;
    above_p99 += latency > std::chrono::milliseconds(80) ? 1 : 0;
  }

  EXPECT_NEAR(above_median, kAnswers / 2, 700);
  EXPECT_NEAR(above_p99, kAnswers / 100, 140);
}

TEST(Simulation, RefusesWhatRequestsDoNotShow) {
  for (const char* spec : {R"({"candidate": 2, "strategy": "shadow"})",
                           R"({"candidate": 2, "strategy": "immediate", "gates": ["accuracy >= 0.9"]})",
                           R"({"candidate": 2, "strategy": "immediate", "gates": ["error_rate <= 1% over 10m"]})",
                           R"({"candidate": 2, "strategy": "immediate", "fallback": true})"}) {
    const auto simulation = Simulation::make(spec_of(spec), world_with({}));
    ASSERT_FALSE(simulation) << spec;
    EXPECT_EQ(simulation.error().code(), Code::kUnimplemented) << spec;
  }
  SimulatedWorld silent = world_with({});
  silent.requests_per_second = 0;
  EXPECT_FALSE(Simulation::make(spec_of(kCanary), silent));
}

}  // namespace
}  // namespace modelyard::rollout
