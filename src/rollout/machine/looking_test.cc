#include "rollout/machine/looking.h"

#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

RolloutSpec spec_of(const char* stages) {
  const auto document = parse_json(fmt::format(R"({{"candidate": 2, "stages": {}}})", stages));
  return *parse_rollout_spec(*document);
}

RolloutState standing(Phase phase, std::size_t stage, std::size_t step) {
  RolloutState state;
  state.phase = phase;
  state.stage = stage;
  state.step = step;
  return state;
}

TEST(Looking, NumbersStepsThroughAllStages) {
  const RolloutSpec spec = spec_of(R"([{"shadow": {}}, {"canary": {"steps": [5, 50]}}])");
  EXPECT_EQ(count_steps(spec), 3);
  EXPECT_EQ(counted_step(spec, standing(Phase::kVerifying, 0, 0)), std::nullopt);
  EXPECT_EQ(counted_step(spec, standing(Phase::kShadow, 0, 0)), 0);
  EXPECT_EQ(counted_step(spec, standing(Phase::kCanary, 1, 1)), 2);
  EXPECT_EQ(counted_step(spec, standing(Phase::kFull, 1, 1)), 3);
  EXPECT_EQ(planned_share(spec, 1), 0.05);
}

RolloutState in_bandit(std::size_t stage, int weight) {
  RolloutState state = standing(Phase::kBandit, stage, 0);
  state.bandit_weight = weight;
  return state;
}

constexpr const char* kCanaryAndBandit =
    R"([{"canary": {"steps": [5, 20]}}, {"bandit": {"reward": "clicked", "weight": 40, "floor": 10, "min_samples": 100}}])";

TEST(Looking, HasAPlaceForEachWeightOfABandit) {
  const RolloutSpec spec = spec_of(kCanaryAndBandit);
  EXPECT_EQ(count_steps(spec), 2 + 12);
  EXPECT_EQ(counted_step(spec, in_bandit(1, 4000)), 2);
  EXPECT_EQ(counted_step(spec, in_bandit(1, 1000)), 3);
  EXPECT_EQ(counted_step(spec, in_bandit(1, 9000)), 13);
  EXPECT_EQ(counted_step(spec, standing(Phase::kFull, 1, 0)), 14);
  EXPECT_EQ(planned_share(spec, 3), 0.1);
  EXPECT_EQ(planned_share(spec, 13), 0.9);
  EXPECT_EQ(step_with_share(spec, 1800), 4);
  EXPECT_EQ(step_with_share(spec, 1801), std::nullopt);
  EXPECT_EQ(steps_behind(spec, in_bandit(1, 9000)), 2) << "it may come back to each of its weights";
  EXPECT_EQ(steps_behind(spec, standing(Phase::kCanary, 0, 1)), 1);
}

// Three of four users click at the candidate, one of four at stable; the split is as each weight plans it.
Evidence clicks(const RolloutSpec& spec) {
  Evidence evidence;
  for (const int weight : {4000, 6600}) {
    StepEvidence& step = step_of(evidence, *counted_step(spec, in_bandit(1, weight)));
    for (std::uint64_t user = 0; user < 1000; ++user) {
      const bool is_candidate = 10 * static_cast<int>(user) < weight;
      ArmEvidence& arm = is_candidate ? step.candidate : step.stable;
      const std::uint64_t hash = user * 0x9E3779B97F4A7C15u;
      add(arm, {.unit_hash = hash});
      EXPECT_TRUE(add_metric(arm, "clicked", hash, (user % 4 == 0) == is_candidate ? 0 : 1));
      step.units.add(is_candidate, hash);
    }
  }
  return evidence;
}

TEST(Looking, AsksForTheWeightThatRewardsSpeakFor) {
  const RolloutSpec spec = spec_of(kCanaryAndBandit);
  Look look;
  see_evidence(spec, in_bandit(1, 6600), {}, WindowedEvidence(clicks(spec)), look);
  EXPECT_EQ(look.candidate_samples, 400u + 660u) << "of all its weights";
  EXPECT_EQ(look.bandit_weight, 9000);
  ASSERT_EQ(look.verdicts.size(), 1u);
  EXPECT_EQ(look.verdicts[0].gate, "reward clicked");
  EXPECT_EQ(look.verdicts[0].outcome, Outcome::kPass) << look.verdicts[0].because;
}

TEST(Looking, BelievesNoRewardsOfASplitThatIsNotAsTheWeightsWere) {
  const RolloutSpec spec = spec_of(kCanaryAndBandit);
  Evidence evidence = clicks(spec);
  EXPECT_TRUE(judge_split(spec, evidence).is_judged);
  StepEvidence& step = step_of(evidence, *counted_step(spec, in_bandit(1, 6600)));
  for (std::uint64_t user = 1000; user < 1400; ++user) step.units.add(false, user * 0x9E3779B97F4A7C15u);
  Look look;
  see_evidence(spec, in_bandit(1, 6600), {}, WindowedEvidence(evidence), look);
  EXPECT_EQ(look.verdicts[0].outcome, Outcome::kSrm);
  EXPECT_EQ(look.bandit_weight, std::nullopt);
}

TEST(Looking, TakesComparedCopiesForTheSamplesOfAShadow) {
  const RolloutSpec spec = spec_of(R"([{"shadow": {}}])");
  Evidence evidence;
  StepEvidence& step = step_of(evidence, 0);
  add(step.candidate, {.unit_hash = 1});
  add(step.candidate, {.unit_hash = 1, .failed = true});
  step.pairs.compared[1] = 1;
  Look look;
  see_evidence(spec, standing(Phase::kShadow, 0, 0), {}, WindowedEvidence(evidence), look);
  EXPECT_EQ(look.candidate_samples, 2u);
  EXPECT_EQ(look.shadow_samples, 1u);
}

TEST(Looking, SeesNothingWhileTheCandidateIsAskedNothing) {
  const RolloutSpec spec = spec_of(R"([{"shadow": {}}])");
  Look look;
  see_evidence(spec, standing(Phase::kVerifying, 0, 0), {}, WindowedEvidence(), look);
  EXPECT_EQ(look.candidate_samples, 0u);
  EXPECT_TRUE(look.verdicts.empty());
}

}  // namespace
}  // namespace modelyard::rollout
