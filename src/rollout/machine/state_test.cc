#include "rollout/machine/state.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

RolloutState rejected_state(const RolloutSpec& spec) {
  RolloutState state = start_of(at_seconds(0));
  for (int i = 1; i < 5; ++i) state = advance(spec, state, good_look(spec, state, at_seconds(i * 400))).next;
  Look look = good_look(spec, state, at_seconds(2000));
  look.verdicts.front().outcome = Outcome::kFail;
  return advance(spec, state, look).next;
}

std::string refusal_of(const Json& value, const RolloutSpec& spec) {
  const auto state = parse_rollout_state(value, spec);
  return state ? "" : state.error().message();
}

Json with(Json json, std::string_view key, Json value) {
  json[std::string(key)] = std::move(value);
  return json;
}

TEST(RolloutState, IsReadBackAsItWasStored) {
  const RolloutSpec spec = whole_spec();
  for (const RolloutState& state : {start_of(at_seconds(0)), rejected_state(spec)}) {
    const auto read = parse_rollout_state(to_json(state), spec);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(to_json(*read), to_json(state));
  }
}

TEST(RolloutState, RefusesPlacesThatItsSpecDoesNotHave) {
  const RolloutSpec spec = whole_spec();
  const Json json = to_json(start_of(at_seconds(0)));
  EXPECT_EQ(refusal_of(with(json, "stage", 4), spec), "state.stage: must be from 0 to 3");
  EXPECT_EQ(refusal_of(with(json, "step", 1), spec), "state.step: must be from 0 to 0");
  EXPECT_EQ(refusal_of(with(json, "phase", "canary"), spec), "state.stage: stage 0 of the spec is not of canary");
  EXPECT_EQ(refusal_of(with(json, "phase", "canary"), spec_of(R"({"candidate": 8, "strategy": "immediate"})")),
            "state.stage: stage 0 of the spec is not of canary");
  EXPECT_EQ(refusal_of(with(json, "bandit_weight", 10'001), spec), "state.bandit_weight: must be from 0 to 10000");
  const Json bandit = with(with(json, "phase", "bandit"), "stage", 3);
  EXPECT_EQ(refusal_of(with(bandit, "bandit_weight", 4100), spec),
            "state.bandit_weight: is none of the weights that the bandit gives");
  EXPECT_EQ(refusal_of(with(bandit, "bandit_weight", 4000), spec), "");
}

TEST(RolloutState, RefusesWhatCannotBe) {
  const RolloutSpec spec = whole_spec();
  const Json json = to_json(start_of(at_seconds(0)));
  EXPECT_EQ(refusal_of(with(json, "phase", "paused"), spec),
            "state.returns_to: belongs to paused and holding, and to them alone");
  EXPECT_EQ(refusal_of(with(json, "returns_to", "shadow"), spec),
            "state.returns_to: belongs to paused and holding, and to them alone");
  EXPECT_EQ(refusal_of(with(with(json, "phase", "paused"), "returns_to", "full"), spec),
            "state.returns_to: nothing returns to full");
  EXPECT_EQ(refusal_of(with(json, "ending", "promoted"), spec), "state.ending: is not one of pending");
  EXPECT_EQ(refusal_of(with(json, "ending", "rejected"), spec), "state.ending: is not one of pending");
  EXPECT_EQ(refusal_of(with(json, "phase", "done"), spec), "state.ending: is not one of done");
  EXPECT_EQ(refusal_of(with(json, "phase", "half"), spec), "state.phase: 'half' is not known");
  EXPECT_EQ(refusal_of(with(json, "phase", nullptr), spec), "state.phase: is missing");
  EXPECT_EQ(refusal_of(with(json, "reason", std::string(2001, 'a')), spec), "state.reason: is too long");
  EXPECT_EQ(refusal_of(with(json, "colour", "red"), spec), "state.colour: unknown field");
}

TEST(RolloutState, RefusesAHistoryThatDoesNotJoin) {
  const RolloutSpec spec = whole_spec();
  Json json = to_json(rejected_state(spec));
  json["history"].erase(1);
  EXPECT_EQ(refusal_of(json, spec), "state.history[1].from: the one before led elsewhere");
}

TEST(RolloutState, RefusesMoreThanItWouldKeep) {
  const RolloutSpec spec = whole_spec();
  Json json = to_json(rejected_state(spec));
  const Json verdict = json["verdicts"][0];
  for (std::size_t i = 0; i < RolloutState::kMostVerdicts; ++i) json["verdicts"].push_back(verdict);
  EXPECT_EQ(refusal_of(json, spec), "state.verdicts: too many of them");
}

TEST(RolloutState, KeepsABoundedHistory) {
  const RolloutSpec spec = whole_spec();
  RolloutState state = start_of(at_seconds(0));
  for (int i = 0; i < 600; ++i) {
    const Command next = state.phase == Phase::kPaused ? Command::kResume : Command::kPause;
    state = command(spec, state, order_of(next, at_seconds(i)))->next;
  }
  EXPECT_EQ(state.history.size(), RolloutState::kMostTransitions);
  EXPECT_EQ(state.history.back().at, at_seconds(599));
  EXPECT_TRUE(parse_rollout_state(to_json(state), spec));
}

}  // namespace
}  // namespace modelyard::rollout
