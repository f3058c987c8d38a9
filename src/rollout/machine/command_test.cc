#include "rollout/machine/command.h"

#include <gtest/gtest.h>

#include <array>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

constexpr std::array kEveryCommand{Command::kPromote, Command::kPause, Command::kResume, Command::kAbort,
                                   Command::kSupersede};

// A state of the phase, made as it would be read from a store.
RolloutState state_in(Phase phase, std::optional<Phase> returns_to = std::nullopt) {
  RolloutState state = start_of(at_seconds(0));
  state.phase = phase;
  state.returns_to = returns_to;
  const Phase place = place_of(state);
  if (place == Phase::kCanary) state.stage = 1;
  if (place == Phase::kExperiment) state.stage = 2;
  if (place == Phase::kBandit) state.stage = 3, state.bandit_weight = 4000;
  if (phase == Phase::kFull || phase == Phase::kDone) state.ending = Ending::kPromoted;
  if (phase == Phase::kAborting || phase == Phase::kCooling || phase == Phase::kEnded) state.ending = Ending::kRejected;
  return state;
}

std::vector<RolloutState> every_state() {
  std::vector<RolloutState> states;
  for (const Phase phase : kPhases) {
    if (!contains(kStopped, phase)) {
      states.push_back(state_in(phase));
      continue;
    }
    for (const Phase to : kPhases) {
      if (is_legal(phase, Event::kResume, to)) states.push_back(state_in(phase, to));
    }
  }
  return states;
}

Event event_of(Command command) {
  for (const Event event : kEvents) {
    if (event_name(event) == command_name(command)) return event;
  }
  ADD_FAILURE() << "a command without an event";
  return Event::kAdmit;
}

TEST(RolloutCommand, EveryCommandInEveryStateIsDoneOrRefusedWithAdvice) {
  const RolloutSpec spec = whole_spec();
  for (const RolloutState& state : every_state()) {
    for (const Command order : kEveryCommand) {
      const bool is_verified = contains(kStagePhases, place_of(state));
      const bool wanted = is_allowed(state.phase, event_of(order)) && (order != Command::kPromote || is_verified);
      const auto decision = command(spec, state, order_of(order, at_seconds(10)));

      const std::string what = fmt::format("{} {}", command_name(order), phase_name(state.phase));
      ASSERT_EQ(decision.has_value(), wanted) << what;
      if (!decision) {
        EXPECT_EQ(decision.error().code(), Code::kFailedPrecondition) << what;
        EXPECT_TRUE(decision.error().message().starts_with(
            fmt::format("cannot {} a rollout that is {}: ", command_name(order), phase_name(state.phase))));
        continue;
      }
      EXPECT_TRUE(parse_rollout_state(to_json(decision->next), spec)) << what;
      EXPECT_EQ(decision->next.history.back().actor, "ada");
      EXPECT_EQ(decision->next.history.back().why, "because");
    }
  }
}

TEST(RolloutCommand, PromoteSkipsToFull) {
  const RolloutSpec spec = whole_spec();
  const auto decision =
      command(spec, state_in(Phase::kHolding, Phase::kCanary), order_of(Command::kPromote, at_seconds(9)));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.phase, Phase::kFull);
  EXPECT_EQ(decision->next.ending, Ending::kPromoted);
  EXPECT_EQ(traffic_of(spec, decision->next).candidate_weight, 10'000);
}

TEST(RolloutCommand, PromoteIsRefusedInAFreezeAndAbortIsNot) {
  RolloutSpec spec = whole_spec();
  spec.freeze = {FreezeOnce{at_seconds(0), at_seconds(3600)}};
  const RolloutState canary = state_in(Phase::kCanary);
  const auto refused = command(spec, canary, order_of(Command::kPromote, at_seconds(60)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "cannot promote in a freeze: wait until 2026-11-24T01:00:00.000000Z, or abort, which is always allowed");
  EXPECT_TRUE(command(spec, canary, order_of(Command::kAbort, at_seconds(60))));
}

TEST(RolloutCommand, ACandidateThatIsNotVerifiedIsNotPromoted) {
  const auto refused =
      command(whole_spec(), state_in(Phase::kPaused, Phase::kVerifying), order_of(Command::kPromote, at_seconds(60)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "cannot promote a rollout that is paused: wait until the candidate is verified, or abort");
}

TEST(RolloutCommand, PauseKeepsTheWeightAndTakesNoTimeFromTheStep) {
  const RolloutSpec spec = whole_spec();
  const RolloutState canary = state_in(Phase::kCanary);
  const RolloutState paused = command(spec, canary, order_of(Command::kPause, at_seconds(100)))->next;
  EXPECT_EQ(traffic_of(spec, paused), traffic_of(spec, canary));

  const RolloutState resumed = command(spec, paused, order_of(Command::kResume, at_seconds(1100)))->next;
  EXPECT_EQ(resumed.phase, Phase::kCanary);
  EXPECT_EQ(resumed.step_since, at_seconds(1000));
  EXPECT_EQ(resumed.returns_to, std::nullopt);
}

TEST(RolloutCommand, APauseByHandIsNoApprovalOfTheStep) {
  const RolloutSpec spec = whole_spec();
  RolloutState canary = state_in(Phase::kCanary);
  canary.step = 1;
  RolloutState state = command(spec, canary, order_of(Command::kPause, at_seconds(1)))->next;
  state = command(spec, state, order_of(Command::kResume, at_seconds(2)))->next;
  EXPECT_EQ(advance(spec, state, good_look(spec, state, at_seconds(1000))).next.phase, Phase::kPaused);
}

TEST(RolloutCommand, ResumeOfAHoldingRolloutGivesTheStepItsTimeAgain) {
  const RolloutSpec spec = whole_spec();
  RolloutState holding = state_in(Phase::kHolding, Phase::kCanary);
  holding.held_for = HoldCause::kInconclusive;
  const RolloutState resumed = command(spec, holding, order_of(Command::kResume, at_seconds(9000)))->next;
  EXPECT_EQ(resumed.step_since, at_seconds(9000));
  EXPECT_EQ(resumed.held_for, std::nullopt);
}

TEST(RolloutCommand, AbortOfAPromotedRolloutGoesBackAtOnce) {
  const RolloutSpec spec = whole_spec();
  const auto decision = command(spec, state_in(Phase::kFull), order_of(Command::kAbort, at_seconds(5)));
  ASSERT_TRUE(decision);
  EXPECT_EQ(traffic_of(spec, decision->next).candidate_weight, 0);
  EXPECT_EQ(decision->next.ending, Ending::kAborted);
}

TEST(RolloutCommand, SupersedeKeepsWhatWasDecidedAlready) {
  const RolloutSpec spec = whole_spec();
  const Order order = order_of(Command::kSupersede, at_seconds(5));
  EXPECT_EQ(command(spec, state_in(Phase::kCanary), order)->next.ending, Ending::kSuperseded);
  EXPECT_EQ(command(spec, state_in(Phase::kFull), order)->next.ending, Ending::kPromoted);
  EXPECT_EQ(command(spec, state_in(Phase::kFull), order)->next.phase, Phase::kDone);
  EXPECT_EQ(command(spec, state_in(Phase::kCooling), order)->next.ending, Ending::kRejected);
  EXPECT_EQ(command(spec, state_in(Phase::kCooling), order)->next.phase, Phase::kEnded);
}

TEST(RolloutCommand, NeedsAnActorAndAReason) {
  const RolloutSpec spec = whole_spec();
  Order order = order_of(Command::kPause, at_seconds(5));
  order.reason = "";
  const auto refused = command(spec, state_in(Phase::kCanary), order);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(refused.error().message(), "reason: write 1 to 2000 bytes of UTF-8; the audit log keeps them");
  order.reason = "because";
  order.actor = "\xff";
  EXPECT_FALSE(command(spec, state_in(Phase::kCanary), order));
}

TEST(RolloutCommand, IsKnownByItsName) {
  for (const Command one : kEveryCommand) EXPECT_EQ(parse_command(command_name(one)), one);
  EXPECT_FALSE(parse_command("forward"));
}

}  // namespace
}  // namespace modelyard::rollout
