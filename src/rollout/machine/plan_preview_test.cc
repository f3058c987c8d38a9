#include "rollout/machine/plan_preview.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

Forecast at_rate(double requests_per_second, std::vector<std::uint64_t> samples = {}) {
  return {.now = at_seconds(0), .requests_per_second = requests_per_second, .samples_of_gates = std::move(samples)};
}

TEST(PlanPreview, AStepTakesItsHoldOrItsSamplesWhicheverIsLonger) {
  const PlanPreview plan = preview(canary_spec(), at_rate(10, {90, 30'000}));

  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[0].needed_samples, 100u);  // min_samples; at 1 % of 10/s
  EXPECT_EQ(plan.steps[0].begin, 0s);
  EXPECT_EQ(plan.steps[0].end, 1000s);
  EXPECT_EQ(plan.steps[0].expected_samples, 100u);
  EXPECT_EQ(plan.steps[1].needed_samples, 30'000u);  // at 50 %: 6000 s, but it has an hour
  EXPECT_FALSE(plan.steps[1].has_enough);
  EXPECT_EQ(plan.steps[1].end, std::nullopt);
  EXPECT_EQ(plan.earliest, std::nullopt);
  EXPECT_EQ(plan.latest, 7800s);
}

TEST(PlanPreview, TheWholeTakesWhatItsStepsTake) {
  const PlanPreview plan = preview(canary_spec(), at_rate(1000));
  EXPECT_EQ(plan.steps[1].begin, 300s);
  EXPECT_EQ(plan.steps[1].expected_samples, 150'000u);
  EXPECT_EQ(plan.earliest, 600s);
}

TEST(PlanPreview, WithoutTrafficNoStepHasEnough) {
  const PlanPreview plan = preview(canary_spec(), at_rate(0));
  EXPECT_FALSE(plan.steps[0].has_enough);
  EXPECT_EQ(plan.steps[0].begin, 0s);
  EXPECT_EQ(plan.steps[1].begin, std::nullopt);
}

TEST(PlanPreview, AStepThatNeedsNoSamplesNeedsNoTraffic) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [1], "min_samples": 0})");
  EXPECT_EQ(preview(spec, at_rate(0)).earliest, 300s);
}

TEST(PlanPreview, WaitsForFreezesToEnd) {
  RolloutSpec spec = canary_spec();
  spec.freeze = {FreezeOnce{at_seconds(-10), at_seconds(100)}, FreezeOnce{at_seconds(350), at_seconds(5000)}};
  const PlanPreview plan = preview(spec, at_rate(1000));
  EXPECT_EQ(plan.steps[0].begin, 100s);
  EXPECT_EQ(plan.steps[0].end, 5000s);
  EXPECT_EQ(plan.earliest, 5300s);
}

TEST(PlanPreview, ShowsShadowsByTheirShareAndStepsThatWaitForAPerson) {
  const PlanPreview plan = preview(whole_spec(), at_rate(1000));
  ASSERT_EQ(plan.steps.size(), 6u);
  EXPECT_EQ(plan.steps[0].share, 1000);
  EXPECT_TRUE(plan.steps[2].waits_for_person);
  EXPECT_EQ(plan.steps[3].gates, (std::vector<std::string>{"p99_ms <= 40", "error_rate <= 1%"}));
}

TEST(PlanPreview, ImmediateTakesNoTime) {
  EXPECT_EQ(preview(spec_of(R"({"candidate": 8, "strategy": "immediate"})"), at_rate(0)).earliest, 0s);
}

TEST(PlanPreview, IsTheFirstTimeAtWhichTheMachineMovesOn) {
  const RolloutSpec spec = canary_spec();
  const PlanPreview plan = preview(spec, at_rate(10));
  RolloutState state = start_of(at_seconds(0));
  while (state.phase != Phase::kCanary) state = advance(spec, state, good_look(spec, state, at_seconds(0))).next;

  for (int second = 0; state.step == 0; ++second) {
    ASSERT_LE(second, 1000);
    Look look = good_look(spec, state, at_seconds(second));
    look.candidate_samples = static_cast<std::uint64_t>(second) / 10;
    state = advance(spec, state, look).next;
  }
  EXPECT_EQ(state.step_since, at_seconds(plan.steps[0].end->count()));
}

TEST(PlanPreview, IsWrittenWithNullsForWhatIsNotKnown) {
  const Json json = to_json(preview(canary_spec(), at_rate(0)));
  EXPECT_TRUE(json["earliest_seconds"].is_null());
  EXPECT_EQ(json["steps"][0]["begin_seconds"], 0);
  EXPECT_TRUE(json["steps"][1]["begin_seconds"].is_null());
  EXPECT_EQ(json["steps"][1]["share"], 5000);
}

}  // namespace
}  // namespace modelyard::rollout
