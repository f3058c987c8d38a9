#include "rollout/machine/spec.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

std::string refusal_of(std::string_view text) {
  const auto document = parse_json(text);
  EXPECT_TRUE(document) << document.error().message();
  const auto spec = parse_rollout_spec(*document);
  return spec ? "" : spec.error().message();
}

// A canary with the given fields beside.
std::string canary(std::string_view fields) {
  return refusal_of(fmt::format(R"({{"candidate": 8, "strategy": "canary", {}}})", fields));
}

TEST(RolloutSpec, ShortFormIsACanaryWithDefaults) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [1, "5%", 25, 50]})");

  ASSERT_EQ(spec.stages.size(), 1u);
  ASSERT_EQ(spec.stages[0].steps.size(), 4u);
  EXPECT_EQ(spec.stages[0].steps[0].weight, 100);
  EXPECT_EQ(spec.stages[0].steps[1].weight, 500);
  EXPECT_EQ(spec.stages[0].steps[0].hold, 5min);
  EXPECT_EQ(spec.stages[0].steps[0].most_duration, 24h);
  EXPECT_EQ(spec.stages[0].steps[0].min_samples, 100u);
  EXPECT_EQ(spec.keep_warm, 30s);
  EXPECT_EQ(spec.ready_within, 10min);
  EXPECT_EQ(spec.alpha, 0.05);
  EXPECT_FALSE(spec.fallback);
}

TEST(RolloutSpec, ImmediateHasNoStages) {
  EXPECT_TRUE(spec_of(R"({"candidate": 8, "strategy": "immediate"})").stages.empty());
}

TEST(RolloutSpec, StagesInheritTheirPaceAndStepsTheirs) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "hold": "10m", "min_samples": 500, "stages": [
      {"shadow": {"hold": "20m"}},
      {"canary": {"min_samples": 50, "gates": ["a <= 1"], "steps": [1, {"weight": 2, "hold": "1h", "gates": ["b <= 1"]}]}}]})");

  EXPECT_EQ(spec.stages[0].steps[0].hold, 20min);
  EXPECT_EQ(spec.stages[0].steps[0].min_samples, 500u);
  EXPECT_EQ(spec.stages[0].share, 10'000);
  EXPECT_EQ(spec.stages[1].steps[0].hold, 10min);
  EXPECT_EQ(spec.stages[1].steps[1].hold, 1h);
  EXPECT_EQ(spec.stages[1].steps[1].min_samples, 50u);
  EXPECT_EQ(spec.stages[1].steps[1].gates, (std::vector<std::string>{"a <= 1", "b <= 1"}));
}

TEST(RolloutSpec, ExperimentsTakeDaysUnlessTheyAreToldOtherwise) {
  const RolloutSpec spec =
      spec_of(R"({"candidate": 8, "strategy": "experiment", "metric": "conversion >= stable", "weight": "50%"})");

  EXPECT_EQ(spec.stages[0].steps[0].hold, 24h);
  EXPECT_EQ(spec.stages[0].steps[0].most_duration, std::chrono::days(14));
  EXPECT_EQ(spec.stages[0].metric, "conversion >= stable");
}

TEST(RolloutSpec, ALongHoldHasTimeToPass) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [1], "hold": "999999s"})");
  EXPECT_EQ(spec.stages[0].steps[0].most_duration, 1'999'980s + 1min);
  EXPECT_EQ(*parse_rollout_spec(to_json(spec)), spec);
}

TEST(RolloutSpec, AWeightMayBeAHundredthOfAPercent) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [0.01, "0.07%", 99.99, 100]})");
  EXPECT_EQ(spec.stages[0].steps[0].weight, 1);
  EXPECT_EQ(spec.stages[0].steps[1].weight, 7);
  EXPECT_EQ(spec.stages[0].steps[2].weight, 9999);
  EXPECT_EQ(*parse_rollout_spec(to_json(spec)), spec);
}

TEST(RolloutSpec, IsReadBackAsItWasWritten) {
  const RolloutSpec whole = whole_spec();
  EXPECT_EQ(*parse_rollout_spec(to_json(whole)), whole);
  for (const std::string_view sticky : {R"("none")", R"("principal")", R"("header:user")"}) {
    const RolloutSpec spec =
        spec_of(fmt::format(R"({{"candidate": 8, "strategy": "immediate", "sticky": {}}})", sticky));
    EXPECT_EQ(*parse_rollout_spec(to_json(spec)), spec);
    EXPECT_EQ(to_json(spec)["sticky"].dump(), sticky);
  }
}

TEST(RolloutSpec, ForcesArmsAndStandsInALayer) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "immediate",
      "overrides": [{"key": "header:X-Tester", "value": "yes", "arm": "candidate"},
                    {"key": "principal", "value": "qa", "arm": "stable"}],
      "layer": {"name": "checkout", "from": 0, "to": "12.5%"}})");

  ASSERT_EQ(spec.overrides.size(), 2u);
  EXPECT_EQ(spec.overrides[0].key.header, "X-Tester");
  EXPECT_EQ(spec.overrides[0].arm, Arm::kCandidate);
  EXPECT_EQ(spec.overrides[1].key.by, KeyKind::kPrincipal);
  EXPECT_EQ(spec.overrides[1].arm, Arm::kStable);
  EXPECT_EQ(spec.layer, (Layer{"checkout", 0, 1250}));
  EXPECT_EQ(*parse_rollout_spec(to_json(spec)), spec);
}

TEST(RolloutSpec, RefusesOverridesThatForceNothing) {
  const auto with = [](std::string_view rule) { return canary(fmt::format(R"("steps": [1], "overrides": {})", rule)); };
  EXPECT_EQ(with(R"([{"key": "none", "value": "x", "arm": "stable"}])"),
            "overrides[0].key: write header:NAME or principal");
  EXPECT_EQ(with(R"([{"key": "principal", "value": "", "arm": "stable"}])"), "overrides[0].value: has 1 to 256 bytes");
  EXPECT_EQ(with(R"([{"key": "principal", "value": "x", "arm": "both"}])"),
            "overrides[0].arm: 'both' is not known: write candidate or stable");
  EXPECT_EQ(with(R"([{"key": "principal", "value": "x", "arm": "stable", "version": 8}])"),
            "overrides[0].version: unknown field");
  Json many = Json::array();
  for (int i = 0; i < 65; ++i) many.push_back({{"key", "principal"}, {"value", "x"}, {"arm", "stable"}});
  EXPECT_EQ(with(many.dump()), "overrides: at most 64");
}

TEST(RolloutSpec, RefusesSlicesThatHoldNobody) {
  const auto with = [](std::string_view layer) { return canary(fmt::format(R"("steps": [1], {})", layer)); };
  EXPECT_EQ(with(R"("layer": {"name": "a", "from": 50, "to": 50})"),
            "layer.to: the slice is empty: write more than 'from'");
  EXPECT_EQ(with(R"("layer": {"name": "a", "from": -1, "to": 50})"),
            "layer.from: -1 % is not at least 0 and at most 100 %");
  EXPECT_EQ(with(R"("layer": {"name": "a", "to": 50})"), "layer.from: expected percent, like 5, 0.5 or \"0.5%\"");
  EXPECT_EQ(with(R"("layer": {"name": "", "from": 0, "to": 50})"), "layer.name: has 1 to 256 bytes");
  EXPECT_EQ(with(R"("sticky": "none", "layer": {"name": "a", "from": 0, "to": 50})"),
            "layer: a slice is one of units, and sticky 'none' tells them not apart");
}

TEST(RolloutSpec, GatesOfAStepAreEachThereOnce) {
  const RolloutSpec spec = whole_spec();
  EXPECT_EQ(gates_of(spec, 0, 0), (std::vector<std::string>{"disagreement <= 2%", "error_rate <= 1%"}));
  EXPECT_EQ(gates_of(spec, 1, 2), (std::vector<std::string>{"p99_ms <= 40", "error_rate <= 1%"}));
  EXPECT_EQ(gates_of(spec, 2, 0),
            (std::vector<std::string>{"conversion >= stable", "p99_ms <= 50", "error_rate <= 1%"}));
  EXPECT_EQ(gates_of(spec, 3, 0), (std::vector<std::string>{"error_rate <= 1%"}));
}

TEST(RolloutSpec, RefusesWeightsThatMakeNoSense) {
  EXPECT_EQ(canary(R"("steps": [5, 5])"), "steps[1]: weights ascend, and 5 % does not come after 5 %");
  EXPECT_EQ(canary(R"("steps": [25, 5])"), "steps[1]: weights ascend, and 5 % does not come after 25 %");
  EXPECT_EQ(canary(R"("steps": [101])"), "steps[0]: 101 % is not above 0 and at most 100 %");
  EXPECT_EQ(canary(R"("steps": [0])"), "steps[0]: 0 % is not above 0 and at most 100 %");
  EXPECT_EQ(canary(R"("steps": [0.001])"), "steps[0]: 0.001 % is finer than the steps of 0.01 %");
  EXPECT_EQ(canary(R"("steps": ["5"])"), "steps[0]: expected percent, like 5, 0.5 or \"0.5%\"");
  EXPECT_EQ(canary(R"("steps": ["1e999%"])"), "steps[0]: expected percent, like 5, 0.5 or \"0.5%\"");
  EXPECT_EQ(canary(R"("steps": [{"hold": "5m"}])"), "steps[0].weight: is missing: the candidate's percent of requests");
  EXPECT_EQ(canary(R"("steps": [])"), "steps: write 1 to 100 weights in percent, like [1, 5, 25, 50]");
  EXPECT_EQ(canary(R"("hold": "5m")"), "steps: write 1 to 100 weights in percent, like [1, 5, 25, 50]");
}

TEST(RolloutSpec, RefusesStagesThatTakeTrafficBack) {
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stages": [{"canary": {"steps": [50]}}, {"shadow": {}}]})"),
            "stages[1]: shadow begins with 0 % and the stage before ends with 50 %: weights ascend");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stages": [{"bandit": {"reward": "r"}}, {"canary": {"steps": [60]}}]})"),
            "stages[1]: a bandit moves the weight by itself: it is the last stage");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stages": []})"), "stages: write 1 to 10 stages, or strategy: immediate");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stages": [{"canari": {}}]})"),
            "stages[0]: expected an object with one of shadow, canary, experiment, bandit");
}

TEST(RolloutSpec, RefusesTimesThatContradictEachOther) {
  EXPECT_EQ(canary(R"("steps": [1], "hold": "2h", "most_duration": "1h")"),
            "steps[0].most_duration: 1h ends the step before its hold of 2h: write a longer one");
  EXPECT_EQ(canary(R"("steps": [{"weight": 1, "hold": "2h"}], "most_duration": "1h")"),
            "steps[0].most_duration: 1h ends the step before its hold of 2h: write a longer one");
  EXPECT_EQ(canary(R"("steps": [1], "hold": "400d")"), "hold: is at most 366d");
  EXPECT_EQ(canary(R"("steps": [1], "hold": 5)"), "hold: expected a string");
  EXPECT_EQ(canary(R"("steps": [1], "tick": "0s")"), "tick: is at least 1s");
  EXPECT_EQ(canary(R"("steps": [1], "tick": "2h")"), "tick: is at most 1h");
  EXPECT_EQ(canary(R"("steps": [1], "min_samples": -1)"), "min_samples: must be from 0 to 1000000000000");
}

TEST(RolloutSpec, RefusesVersionsThatAreNone) {
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stable": 8, "strategy": "immediate"})"),
            "candidate: version 8 is the stable one: name a newer one");
  EXPECT_EQ(refusal_of(R"({"candidate": 0, "strategy": "immediate"})"),
            "candidate: is the number of a version, from 1");
  EXPECT_EQ(refusal_of(R"({"strategy": "immediate"})"), "candidate: expected an integer, but it is missing");
}

TEST(RolloutSpec, RefusesStrategiesItDoesNotKnow) {
  EXPECT_EQ(refusal_of(R"({"candidate": 8})"),
            "strategy: is missing: write immediate, shadow, canary, experiment, bandit, or stages: [...]");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "big-bang"})"),
            "strategy: 'big-bang' is not known: write immediate, shadow, canary, experiment, bandit, or stages: [...]");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "shadow", "stages": []})"),
            "strategy: stands beside stages: write one of them");
}

TEST(RolloutSpec, RefusesSplitsThatCompareNothing) {
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "experiment"})"),
            "metric: is missing: write what decides, like \"conversion >= stable - 0.5% at 95%\"");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "experiment", "metric": "m", "weight": 100})"),
            "weight: leaves nothing to compare with: write less than 100");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "bandit", "reward": "r", "weight": 97})"),
            "floor: the weight leaves one of the versions less than it");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "bandit", "reward": "r", "floor": 50})"),
            "floor: leaves nothing to share out: write less than 50");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "bandit", "reward": "clicked >= stable"})"),
            "reward: 'clicked >= stable' is no name of a metric: write 1 to 64 of a-z, 0-9, '_', '.' and '-', like "
            "conversion, or accuracy for labels");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "strategy": "bandit"})"),
            "reward: is missing: write what decides, like \"conversion\"");
}

TEST(RolloutSpec, RefusesFieldsItDoesNotKnow) {
  EXPECT_EQ(canary(R"("steps": [1], "gate": [])"), "gate: unknown field; did you mean 'gates'?");
  EXPECT_EQ(canary(R"("steps": [1], "share": 5)"), "share: unknown field");
  EXPECT_EQ(canary(R"("steps": [{"weight": 1, "holds": "5m"}])"),
            "steps[0].holds: unknown field; did you mean 'hold'?");
  EXPECT_EQ(refusal_of(R"({"candidate": 8, "stages": [{"shadow": {"steps": [1]}}]})"),
            "stages[0].shadow.steps: unknown field");
}

TEST(RolloutSpec, RefusesSettingsThatAreNone) {
  EXPECT_EQ(canary(R"("steps": [1], "gates": [""])"), "gates[0]: is empty; write a gate like \"error_rate <= 0.5%\"");
  EXPECT_EQ(canary(fmt::format(R"("steps": [1], "gates": ["{}"])", std::string(201, 'a'))),
            "gates[0]: a gate is one line of UTF-8 with at most 200 bytes");
  EXPECT_EQ(canary(R"("steps": [1], "gates": [5])"), "gates[0]: expected a gate, as text");
  EXPECT_EQ(canary(R"("steps": [1], "alpha": 0)"), "alpha: is a chance from 0.000001 to 0.5, like 0.05");
  EXPECT_EQ(canary(R"("steps": [1], "on_inconclusive": "promote")"),
            "on_inconclusive: 'promote' is not known: write hold or abort");
  EXPECT_EQ(canary(R"("steps": [1], "sticky": "cookie")"),
            "sticky: 'cookie' is not a key of requests: expected 'header:NAME', 'principal' or 'none'");
}

}  // namespace
}  // namespace modelyard::rollout
