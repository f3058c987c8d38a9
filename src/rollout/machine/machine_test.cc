#include "rollout/machine/machine.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

// Looks that are good, until the rollout stands where the test begins.
RolloutState reach(const RolloutSpec& spec, Phase phase, std::size_t step = 0) {
  RolloutState state = start_of(at_seconds(0));
  for (int i = 1; i < 100 && (state.phase != phase || state.step != step); ++i) {
    const UtcTime now = at_seconds(i * 90'000);
    if (state.phase == Phase::kPaused) state = command(spec, state, order_of(Command::kResume, now))->next;
    state = advance(spec, state, good_look(spec, state, now)).next;
  }
  EXPECT_EQ(state.phase, phase);
  return state;
}

Look look_after(const RolloutSpec& spec, const RolloutState& state, std::int64_t seconds) {
  return good_look(spec, state, state.phase_since + std::chrono::seconds(seconds));
}

Look with_outcome(Look look, Outcome outcome) {
  look.verdicts.front().outcome = outcome;
  return look;
}

TEST(RolloutMachine, TakesAGoodCandidateThroughEveryStage) {
  const RolloutSpec spec = whole_spec();
  const RolloutState state = reach(spec, Phase::kDone, 0);

  std::string path;
  for (const Transition& transition : state.history) {
    path += fmt::format("{} {}\n", phase_name(transition.to), transition.weight);
  }
  EXPECT_EQ(path,
            "verifying 0\nshadow 0\ncanary 100\ncanary 1000\npaused 1000\ncanary 1000\ncanary 2500\nexperiment 3000\n"
            "bandit 4000\nfull 10000\ndone 10000\n");
  EXPECT_EQ(state.ending, Ending::kPromoted);
}

TEST(RolloutMachine, ImmediateGoesFromReadyToFull) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "immediate"})");
  const RolloutState verifying = reach(spec, Phase::kVerifying);

  const Decision decision = advance(spec, verifying, look_after(spec, verifying, 1));

  EXPECT_EQ(decision.next.phase, Phase::kFull);
  EXPECT_EQ(decision.next.ending, Ending::kPromoted);
  EXPECT_TRUE(traffic_of(spec, decision.next).keeps_stable);
}

TEST(RolloutMachine, RejectsACandidateThatFailsToLoadBeforeAnyTraffic) {
  const RolloutSpec spec = canary_spec();
  const RolloutState verifying = reach(spec, Phase::kVerifying);
  Look look = look_after(spec, verifying, 1);
  look.readiness = Readiness::kFailed;
  look.failure = "the file is truncated";

  const Decision decision = advance(spec, verifying, look);

  EXPECT_EQ(decision.next.phase, Phase::kAborting);
  EXPECT_EQ(decision.next.ending, Ending::kRejected);
  EXPECT_EQ(decision.why, "the candidate failed: the file is truncated");
  EXPECT_EQ(decision.next.history.back().weight, 0);
}

TEST(RolloutMachine, RejectsACandidateThatIsNotReadyInTime) {
  const RolloutSpec spec = canary_spec();
  const RolloutState verifying = reach(spec, Phase::kVerifying);
  Look look = look_after(spec, verifying, 599);
  look.readiness = Readiness::kWaiting;
  EXPECT_FALSE(advance(spec, verifying, look).changed);

  look.now += std::chrono::seconds(1);
  EXPECT_EQ(advance(spec, verifying, look).why, "the candidate was not ready within 10m");
}

TEST(RolloutMachine, AStepNeedsItsTimeItsSamplesAndItsGates) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);

  EXPECT_EQ(advance(spec, canary, look_after(spec, canary, 299)).why, "299s of 5m");
  Look few = look_after(spec, canary, 300);
  few.candidate_samples = 99;
  EXPECT_EQ(advance(spec, canary, few).why, "99 of 100 samples");
  EXPECT_EQ(advance(spec, canary, with_outcome(look_after(spec, canary, 300), Outcome::kInconclusive)).why,
            "gate 'error_rate <= 1%' is inconclusive: of its numbers");
  const Decision passed = advance(spec, canary, look_after(spec, canary, 300));
  EXPECT_EQ(passed.why, "step 1 of canary passed");
  EXPECT_EQ(traffic_of(spec, passed.next).candidate_weight, 5000);
}

TEST(RolloutMachine, SilenceIsNeverAPass) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);

  EXPECT_FALSE(advance(spec, canary, with_outcome(look_after(spec, canary, 400), Outcome::kNoData)).changed);
  Look silent = look_after(spec, canary, 400);
  silent.verdicts.clear();
  EXPECT_EQ(advance(spec, canary, silent).why, "gate 'error_rate <= 1%' was not judged");
  silent.verdicts.push_back(verdict_of("p99_ms <= 40", Outcome::kPass));
  EXPECT_FALSE(advance(spec, canary, silent).changed);
}

TEST(RolloutMachine, WithoutGatesTimeAndSamplesDecide) {
  const RolloutSpec spec = spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [1, 2], "min_samples": 0})");
  const RolloutState canary = reach(spec, Phase::kCanary);
  Look look = look_after(spec, canary, 300);
  look.candidate_samples = 0;
  EXPECT_EQ(advance(spec, canary, look).next.step, 1u);
}

TEST(RolloutMachine, MovesOnOnlyFromTrafficThatIsInForceAtACandidateThatIsReady) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  Look look = look_after(spec, canary, 400);
  look.in_force = false;
  EXPECT_FALSE(advance(spec, canary, look).changed);
  look = look_after(spec, canary, 400);
  look.readiness = Readiness::kWaiting;
  EXPECT_FALSE(advance(spec, canary, look).changed);
}

TEST(RolloutMachine, AShadowCountsComparedCopies) {
  const RolloutSpec spec = whole_spec();
  const RolloutState shadow = reach(spec, Phase::kShadow);
  Look look = look_after(spec, shadow, 400);
  look.shadow_samples = 5;

  EXPECT_EQ(advance(spec, shadow, look).why, "5 of 100 samples");
  EXPECT_EQ(traffic_of(spec, shadow).shadow_share, 1000);
  EXPECT_EQ(traffic_of(spec, shadow).candidate_weight, 0);
}

TEST(RolloutMachine, AFailureTakesAllTrafficBackInOneDecision) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary, 1);

  const Decision decision = advance(spec, canary, with_outcome(look_after(spec, canary, 1), Outcome::kFail));

  EXPECT_TRUE(decision.changed);
  EXPECT_EQ(decision.next.phase, Phase::kAborting);
  EXPECT_EQ(traffic_of(spec, decision.next), (Traffic{.keeps_candidate = true}));
  EXPECT_EQ(decision.next.ending, Ending::kRejected);
  EXPECT_EQ(decision.next.fired->gate, "error_rate <= 1%");
  EXPECT_EQ(decision.why, "gate 'error_rate <= 1%' failed: of its numbers");
}

TEST(RolloutMachine, GuardsAreWatchedWhilePausedHoldingAndWarm) {
  const RolloutSpec spec = canary_spec();
  RolloutState paused = reach(spec, Phase::kCanary);
  paused = command(spec, paused, order_of(Command::kPause, paused.phase_since))->next;
  Look look = look_after(spec, paused, 1);
  EXPECT_EQ(advance(spec, paused, with_outcome(look, Outcome::kFail)).next.phase, Phase::kAborting);

  const RolloutState canary = reach(spec, Phase::kCanary);
  const RolloutState holding = advance(spec, canary, with_outcome(look_after(spec, canary, 1), Outcome::kSrm)).next;
  ASSERT_EQ(holding.phase, Phase::kHolding);
  look = look_after(spec, holding, 1);
  EXPECT_EQ(advance(spec, holding, with_outcome(look, Outcome::kFail)).next.phase, Phase::kAborting);

  const RolloutState full = reach(spec, Phase::kFull, 1);
  look = look_after(spec, full, 1);
  look.verdicts = {verdict_of("error_rate <= 1%", Outcome::kFail)};
  const RolloutState back = advance(spec, full, look).next;
  EXPECT_EQ(traffic_of(spec, back).candidate_weight, 0);
  EXPECT_EQ(back.ending, Ending::kRejected);
}

TEST(RolloutMachine, ASplitThatIsNotAsPlannedHoldsWithItsWeight) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary, 1);

  const Decision decision = advance(spec, canary, with_outcome(look_after(spec, canary, 400), Outcome::kSrm));

  EXPECT_EQ(decision.next.phase, Phase::kHolding);
  EXPECT_EQ(decision.next.held_for, HoldCause::kSrm);
  EXPECT_EQ(traffic_of(spec, decision.next), traffic_of(spec, canary));
}

TEST(RolloutMachine, AStepThatSaysNothingInItsTimeHolds) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  Look look = with_outcome(look_after(spec, canary, 3599), Outcome::kInconclusive);
  EXPECT_FALSE(advance(spec, canary, look).changed);

  look.now += std::chrono::seconds(1);
  const Decision decision = advance(spec, canary, look);
  EXPECT_EQ(decision.next.phase, Phase::kHolding);
  EXPECT_EQ(decision.next.held_for, HoldCause::kInconclusive);
  EXPECT_EQ(decision.why, "after 1h: gate 'error_rate <= 1%' is inconclusive: of its numbers");
  look.candidate_samples = 3;
  EXPECT_EQ(advance(spec, canary, look).next.held_for, HoldCause::kNoData);
}

TEST(RolloutMachine, AStepThatSaysNothingInItsTimeAbortsIfTheSpecSaysSo) {
  RolloutSpec spec = canary_spec();
  spec.on_inconclusive = OnInconclusive::kAbort;
  const RolloutState canary = reach(spec, Phase::kCanary);

  const Decision decision = advance(spec, canary, with_outcome(look_after(spec, canary, 3600), Outcome::kNoData));

  EXPECT_EQ(decision.next.phase, Phase::kAborting);
  EXPECT_EQ(decision.next.ending, Ending::kInconclusive);
}

RolloutSpec spec_with_revenue(std::string_view on_no_data) {
  return spec_of(fmt::format(R"({{"candidate": 8, "strategy": "canary", "steps": [1, 50], "most_duration": "1h",
                                 "gates": ["metric:revenue >= 5 nodata {}", "error_rate <= 1%"]}})",
                             on_no_data));
}

Look look_without_revenue(const RolloutSpec& spec, const RolloutState& state, std::int64_t seconds) {
  Look look = look_after(spec, state, seconds);
  look.verdicts[0].outcome = Outcome::kNoData;
  return look;
}

TEST(RolloutMachine, AGateMaySayThatItsSilenceIsAFailureWhenTimeIsUp) {
  const RolloutSpec spec = spec_with_revenue("fail");
  const RolloutState canary = reach(spec, Phase::kCanary);
  EXPECT_FALSE(advance(spec, canary, look_without_revenue(spec, canary, 3599)).changed);

  Look look = look_without_revenue(spec, canary, 3600);
  const Decision decision = advance(spec, canary, look);
  EXPECT_EQ(decision.next.ending, Ending::kRejected);
  EXPECT_EQ(decision.next.fired->gate, "metric:revenue >= 5 nodata fail");
}

TEST(RolloutMachine, AGateMaySayThatNobodyWaitsForItWhenTimeIsUp) {
  const RolloutSpec spec = spec_with_revenue("pass");
  const RolloutState canary = reach(spec, Phase::kCanary);
  EXPECT_FALSE(advance(spec, canary, look_without_revenue(spec, canary, 3599)).changed);

  Look look = look_without_revenue(spec, canary, 3600);
  EXPECT_EQ(advance(spec, canary, look).next.step, 1u);
  look.verdicts[1].outcome = Outcome::kInconclusive;
  EXPECT_EQ(advance(spec, canary, look).next.phase, Phase::kHolding) << "the other gate still counts";
  look.verdicts[1].outcome = Outcome::kPass;
  look.candidate_samples = 3;
  EXPECT_EQ(advance(spec, canary, look).next.held_for, HoldCause::kNoData) << "nobody has asked the candidate";
}

TEST(RolloutMachine, WhatWasNotAskedYetIsNoSilence) {
  for (const std::string_view on_no_data : {"fail", "pass", "hold"}) {
    const RolloutSpec spec = spec_with_revenue(on_no_data);
    const RolloutState canary = reach(spec, Phase::kCanary);
    Look look = look_without_revenue(spec, canary, 3600 + 599);
    look.unasked = {look.verdicts[0].gate};
    EXPECT_FALSE(advance(spec, canary, look).changed) << on_no_data;
    look.now += std::chrono::seconds(1);
    EXPECT_EQ(advance(spec, canary, look).next.held_for, HoldCause::kNoData) << on_no_data;
  }
}

TEST(RolloutMachine, ACandidateThatIsNotInForceIsNotRejectedForItsSilence) {
  const RolloutSpec spec = spec_with_revenue("fail");
  const RolloutState canary = reach(spec, Phase::kCanary);
  Look look = look_without_revenue(spec, canary, 3600);
  look.in_force = false;
  EXPECT_EQ(advance(spec, canary, look).next.held_for, HoldCause::kNoData);
}

TEST(RolloutMachine, AStepThatPassesInItsLastSecondPasses) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  EXPECT_EQ(advance(spec, canary, look_after(spec, canary, 100'000)).next.step, 1u);
}

TEST(RolloutMachine, AStepThatWaitsForAPersonGoesOnWhenItIsResumed) {
  const RolloutSpec spec = whole_spec();
  const RolloutState step = reach(spec, Phase::kCanary, 1);
  const RolloutState asks = advance(spec, step, look_after(spec, step, 400)).next;
  ASSERT_EQ(asks.phase, Phase::kPaused);
  EXPECT_EQ(traffic_of(spec, asks).candidate_weight, 1000);
  EXPECT_FALSE(advance(spec, asks, look_after(spec, asks, 1'000'000)).changed);

  const auto resumed = command(spec, asks, order_of(Command::kResume, asks.phase_since + std::chrono::hours(9)));
  ASSERT_TRUE(resumed);
  EXPECT_EQ(advance(spec, resumed->next, look_after(spec, resumed->next, 1)).next.step, 2u);
}

TEST(RolloutMachine, NothingMovesForwardInAFreeze) {
  RolloutSpec spec = canary_spec();
  spec.freeze = {FreezeOnce{at_seconds(0), at_seconds(100'000'000)}};
  const RolloutSpec free = canary_spec();
  const RolloutState pending = start_of(at_seconds(0));
  EXPECT_EQ(advance(spec, pending, good_look(spec, pending, at_seconds(1))).why,
            "frozen until 2030-01-24T09:46:40.000000Z");
  for (const auto& [phase, step] : {std::pair(Phase::kVerifying, 0u), std::pair(Phase::kCanary, 0u),
                                    std::pair(Phase::kCanary, 1u), std::pair(Phase::kFull, 1u)}) {
    const RolloutState state = reach(free, phase, step);
    EXPECT_FALSE(advance(spec, state, look_after(spec, state, 7200)).changed) << phase_name(phase);
  }
}

TEST(RolloutMachine, BacksOutInAFreeze) {
  RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  spec.freeze = {FreezeOnce{at_seconds(0), at_seconds(100'000'000)}};

  RolloutState state = advance(spec, canary, with_outcome(look_after(spec, canary, 1), Outcome::kFail)).next;
  EXPECT_EQ(state.phase, Phase::kAborting);
  state = advance(spec, state, look_after(spec, state, 1)).next;
  state = advance(spec, state, look_after(spec, state, 30)).next;
  EXPECT_EQ(state.phase, Phase::kEnded);
}

TEST(RolloutMachine, ABackOutCoolsWhenItIsInForceAndThenEnds) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  RolloutState state = command(spec, canary, order_of(Command::kAbort, canary.phase_since))->next;
  Look look = look_after(spec, state, 1);
  look.in_force = false;
  EXPECT_FALSE(advance(spec, state, look).changed);

  state = advance(spec, state, look_after(spec, state, 2)).next;
  ASSERT_EQ(state.phase, Phase::kCooling);
  EXPECT_FALSE(advance(spec, state, look_after(spec, state, 29)).changed);
  state = advance(spec, state, look_after(spec, state, 30)).next;
  EXPECT_EQ(state.phase, Phase::kEnded);
  EXPECT_FALSE(traffic_of(spec, state).keeps_candidate);
}

TEST(RolloutMachine, KeepsTheOldVersionWarmAndThenIsDone) {
  const RolloutSpec spec = canary_spec();
  const RolloutState full = reach(spec, Phase::kFull, 1);
  EXPECT_FALSE(advance(spec, full, look_after(spec, full, 29)).changed);
  Look look = look_after(spec, full, 60);
  look.in_force = false;
  EXPECT_FALSE(advance(spec, full, look).changed);

  const RolloutState done = advance(spec, full, look_after(spec, full, 30)).next;
  EXPECT_EQ(done.phase, Phase::kDone);
  EXPECT_EQ(traffic_of(spec, done),
            (Traffic{.candidate_weight = kWhole, .keeps_candidate = true, .keeps_stable = false}));
}

TEST(RolloutMachine, ABanditFollowsTheRewardsButLeavesEachVersionItsFloor) {
  const RolloutSpec spec = whole_spec();
  const RolloutState bandit = reach(spec, Phase::kBandit);
  Look look = with_outcome(look_after(spec, bandit, 3), Outcome::kInconclusive);
  look.bandit_weight = 9900;
  const Decision risen = advance(spec, bandit, look);
  EXPECT_TRUE(risen.changed);
  EXPECT_EQ(risen.why, "the rewards move the weight to 80 %");
  EXPECT_EQ(traffic_of(spec, risen.next).candidate_weight, 8000);
  EXPECT_EQ(risen.next.history.size(), bandit.history.size());

  look.bandit_weight = 0;
  EXPECT_FALSE(advance(spec, risen.next, look).changed) << "it rests";
  look.now += std::chrono::seconds(3);  // a hundredth of its hold
  EXPECT_EQ(traffic_of(spec, advance(spec, risen.next, look).next).candidate_weight, 2000);
}

TEST(RolloutMachine, RewardsDecideABanditWhenItsTimeIsThereAndGuardsAtOnce) {
  const RolloutSpec spec = whole_spec();
  const RolloutState bandit = reach(spec, Phase::kBandit);
  Look look = look_after(spec, bandit, 1);
  look.verdicts.front() = verdict_of("reward conversion", Outcome::kFail);
  EXPECT_EQ(advance(spec, bandit, look).next.phase, Phase::kBandit) << "there has not been enough to see";

  look.now = look_after(spec, bandit, 300).now;
  const Decision rejected = advance(spec, bandit, look);
  EXPECT_EQ(rejected.next.ending, Ending::kRejected);
  EXPECT_EQ(rejected.next.fired->gate, "reward conversion");

  look.verdicts.front().outcome = Outcome::kPass;
  EXPECT_EQ(advance(spec, bandit, look).next.reason, "step 1 of bandit passed: of its numbers");

  look.now = look_after(spec, bandit, 1).now;
  look.verdicts.back().outcome = Outcome::kFail;
  EXPECT_EQ(advance(spec, bandit, look).next.ending, Ending::kRejected);
}

TEST(RolloutMachine, RewardsTakeNothingBackFromABanditThatIsPaused) {
  const RolloutSpec spec = whole_spec();
  RolloutState paused = command(spec, reach(spec, Phase::kBandit), order_of(Command::kPause, at_seconds(9000)))->next;
  Look look = look_after(spec, paused, 1000);
  look.verdicts.front() = verdict_of("reward conversion", Outcome::kFail);
  EXPECT_EQ(advance(spec, paused, look).next.phase, Phase::kPaused);
}

TEST(RolloutMachine, ABanditWithoutRewardsIsInconclusive) {
  const RolloutSpec spec = whole_spec();
  const RolloutState bandit = reach(spec, Phase::kBandit);
  Look look = look_after(spec, bandit, 3600);
  std::erase_if(look.verdicts, [](const Verdict& verdict) { return verdict.gate == "reward conversion"; });
  EXPECT_EQ(advance(spec, bandit, look).next.held_for, HoldCause::kNoData);
}

TEST(RolloutMachine, ABanditFallsButDoesNotRiseInAFreeze) {
  RolloutSpec spec = whole_spec();
  const RolloutState bandit = reach(spec, Phase::kBandit);
  spec.freeze = {FreezeOnce{at_seconds(0), at_seconds(100'000'000)}};
  Look look = with_outcome(look_after(spec, bandit, 3), Outcome::kInconclusive);
  look.bandit_weight = 5000;
  EXPECT_FALSE(advance(spec, bandit, look).changed);
  look.bandit_weight = 3000;
  EXPECT_EQ(advance(spec, bandit, look).next.bandit_weight, 3200);
}

TEST(RolloutMachine, KeepsTheVerdictsOfTheLastLookAsEvidence) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  RolloutState state = advance(spec, canary, with_outcome(look_after(spec, canary, 1), Outcome::kFail)).next;
  Look look = look_after(spec, state, 2);
  look.verdicts = {verdict_of("error_rate <= 1%", Outcome::kPass)};
  state = advance(spec, state, look).next;
  EXPECT_EQ(state.verdicts.front().outcome, Outcome::kFail);
}

TEST(RolloutMachine, GoesOnFromWhatWasStoredAsIfNothingHadHappened) {
  const RolloutSpec spec = whole_spec();
  RolloutState state = start_of(at_seconds(0)), stored = state;
  for (int i = 1; i < 40; ++i) {
    const UtcTime now = at_seconds(i * 200);
    if (state.phase == Phase::kPaused) {
      state = command(spec, state, order_of(Command::kResume, now))->next;
      stored = command(spec, stored, order_of(Command::kResume, now))->next;
    }
    const Look look = good_look(spec, state, now);
    state = advance(spec, state, look).next;
    const auto read = parse_rollout_state(to_json(advance(spec, stored, look).next), spec);
    ASSERT_TRUE(read) << read.error().message();
    stored = *read;
    ASSERT_EQ(to_json(stored), to_json(state));
    ASSERT_EQ(traffic_of(spec, stored), traffic_of(spec, state));
  }
  EXPECT_EQ(state.phase, Phase::kDone);
}

TEST(RolloutMachine, TimeThatPassedWhileDownCountsButSamplesDoNot) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  Look look = look_after(spec, canary, 3000);
  look.candidate_samples = 20;
  EXPECT_EQ(advance(spec, canary, look).why, "20 of 100 samples");
  look.candidate_samples = 100;
  EXPECT_TRUE(advance(spec, canary, look).changed);
}

TEST(RolloutMachine, AClockThatGoesBackIsNoTime) {
  const RolloutSpec spec = canary_spec();
  const RolloutState canary = reach(spec, Phase::kCanary);
  EXPECT_EQ(advance(spec, canary, look_after(spec, canary, -5000)).why, "0s of 5m");
}

TEST(RolloutMachine, StoresWhatItIsToldAsTextThatCanBeStored) {
  EXPECT_EQ(storable("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(storable("caf\xe9"), "caf?");
  const std::string text = std::string(RolloutState::kMostTextBytes - 1, 'a') + "\xc3\xa9";
  EXPECT_EQ(storable(text), text.substr(0, RolloutState::kMostTextBytes - 1));
}

}  // namespace
}  // namespace modelyard::rollout
