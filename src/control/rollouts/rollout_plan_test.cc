#include "control/rollouts/rollout_plan.h"

#include <gtest/gtest.h>

#include "rollout/machine/movement.h"

namespace modelyard::control {
namespace {

using rollout::Phase;

// At the first stage, shadow or canary.
Rollout rollout_at(Phase phase, std::string_view stages = R"([{"canary": {"steps": [10]}}])") {
  const auto document = parse_json(fmt::format(R"({{"candidate": 2, "stable": 1, "stages": {},
      "overrides": [{{"key": "header:X-Tester", "value": "yes", "arm": "candidate"}},
                    {{"key": "principal", "value": "qa", "arm": "stable"}}],
      "layer": {{"name": "shop", "from": 20, "to": 50}}}})",
                                               stages));
  EXPECT_TRUE(document);
  Rollout rollout;
  rollout.spec = *rollout::parse_rollout_spec(*document);
  rollout.record.id = 3;
  rollout.record.endpoint = rollout.record.model = "loans";
  rollout.state.phase = phase;
  return rollout;
}

std::vector<VersionNumber> forced(const rollout::TrafficPlan& plan) {
  EXPECT_TRUE(rollout::validate(plan));
  std::vector<VersionNumber> versions;
  for (const rollout::Override& rule : plan.overrides) versions.push_back(rule.version);
  return versions;
}

TEST(RolloutPlan, ForcesArmsFromTheFirstStageUntilItIsOver) {
  for (const Phase phase : {Phase::kCanary, Phase::kFull}) {
    EXPECT_EQ(forced(plan_of(rollout_at(phase))), (std::vector<VersionNumber>{2, 1})) << phase_name(phase);
  }
  for (const Phase phase : {Phase::kPending, Phase::kVerifying, Phase::kAborting, Phase::kCooling, Phase::kDone}) {
    EXPECT_TRUE(forced(plan_of(rollout_at(phase))).empty()) << phase_name(phase);
  }
}

TEST(RolloutPlan, ForcesArmsWhileItIsPausedAtAStep) {
  Rollout paused = rollout_at(Phase::kPaused);
  paused.state.returns_to = Phase::kCanary;
  EXPECT_EQ(forced(plan_of(paused)), (std::vector<VersionNumber>{2, 1}));
  paused.state.returns_to = Phase::kVerifying;
  EXPECT_TRUE(forced(plan_of(paused)).empty());
}

TEST(RolloutPlan, LetsTestersSeeTheCandidateOfAShadow) {
  const auto plan = plan_of(rollout_at(Phase::kShadow, R"([{"shadow": {}}, {"canary": {"steps": [10]}}])"));
  EXPECT_EQ(forced(plan), (std::vector<VersionNumber>{2, 1}));
  EXPECT_EQ(plan.shares, (std::vector<rollout::Share>{{1, rollout::kWhole}}));
}

TEST(RolloutPlan, KeepsToItsSliceUntilItIsPromoted) {
  EXPECT_EQ(plan_of(rollout_at(Phase::kCanary)).layer, (rollout::Layer{"shop", 2'000, 5'000}));
  EXPECT_FALSE(plan_of(rollout_at(Phase::kFull)).layer);
}

}  // namespace
}  // namespace modelyard::control
