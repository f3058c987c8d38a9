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

TEST(Looking, TakesComparedCopiesForTheSamplesOfAShadow) {
  const RolloutSpec spec = spec_of(R"([{"shadow": {}}])");
  Evidence evidence;
  StepEvidence& step = step_of(evidence, 0);
  add(step.candidate, {.unit_hash = 1});
  add(step.candidate, {.unit_hash = 1, .failed = true});
  step.pairs.compared[1] = 1;
  Look look;
  see_evidence(spec, standing(Phase::kShadow, 0, 0), {}, evidence, look);
  EXPECT_EQ(look.candidate_samples, 2u);
  EXPECT_EQ(look.shadow_samples, 1u);
}

TEST(Looking, SeesNothingWhileTheCandidateIsAskedNothing) {
  const RolloutSpec spec = spec_of(R"([{"shadow": {}}])");
  Look look;
  see_evidence(spec, standing(Phase::kVerifying, 0, 0), {}, {}, look);
  EXPECT_EQ(look.candidate_samples, 0u);
  EXPECT_TRUE(look.verdicts.empty());
}

}  // namespace
}  // namespace modelyard::rollout
