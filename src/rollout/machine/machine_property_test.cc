// Random sequences of looks and commands: what never happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "rollout/gates/rewards.h"
#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

constexpr int kSequences = 1000, kSteps = 120, kStoreEach = 8, kStepsBeyondTheEnd = 5;

class Dice {
 public:
  explicit Dice(unsigned seed) : source_(seed) {}
  int below(int bound) { return static_cast<int>(source_() % static_cast<unsigned>(bound)); }
  bool one_in(int bound) { return below(bound) == 0; }

 private:
  std::mt19937 source_;
};

Look random_look(Dice& dice, const RolloutSpec& spec, const RolloutState& state, UtcTime now) {
  Look look = good_look(spec, state, now);
  if (dice.one_in(8)) look.readiness = dice.one_in(20) ? Readiness::kFailed : Readiness::kWaiting;
  if (dice.one_in(6)) look.in_force = false;
  if (dice.one_in(6)) look.candidate_samples = look.shadow_samples = 7;
  if (dice.one_in(3)) look.bandit_weight = dice.below(12'000) - 1000;
  for (Verdict& verdict : look.verdicts) {
    if (dice.one_in(6)) verdict.outcome = dice.one_in(2) ? Outcome::kInconclusive : Outcome::kNoData;
    if (dice.one_in(150)) verdict.outcome = dice.one_in(2) ? Outcome::kFail : Outcome::kSrm;
  }
  if (dice.one_in(10) && !look.verdicts.empty()) look.verdicts.pop_back();
  return look;
}

// A guard; rewards may speak against a candidate before they decide.
bool has_failed(const Look& look) {
  return look.readiness == Readiness::kFailed || std::ranges::any_of(look.verdicts, [](const Verdict& verdict) {
           return verdict.outcome == Outcome::kFail && !gate_like_reward(verdict.gate);
         });
}

struct Watched {
  bool has_failed = false;  // some look that counted
  bool was_frozen = false;
};

// Empty when none is.
std::string broken_promise(const RolloutSpec& spec, const RolloutState& before, const RolloutState& after,
                           const Watched& watched) {
  constexpr PhaseSet kBacked = set_of(Phase::kAborting, Phase::kCooling, Phase::kEnded);
  const int from = traffic_of(spec, before).candidate_weight, to = traffic_of(spec, after).candidate_weight;
  if (place_of(after) == Phase::kBandit) {
    const int floor = spec.stages[after.stage].floor;
    if (to < floor || to > kWhole - floor) return "a version has less than its floor";
  }
  if (watched.was_frozen && to > from) return "the weight rose in a freeze";
  if (watched.has_failed && to != 0) return "there is traffic after a failure";
  if (contains(kTerminal, before.phase) && to_json(after) != to_json(before)) return "a terminal state changed";
  if (contains(kBacked, after.phase) && to != 0) return "there is traffic after a back-out";
  if (contains(kStopped, after.phase) && to != from) return "the weight changed in a stop";
  Phase last = Phase::kPending;
  for (const Transition& transition : after.history) {
    if (transition.from != last) return "the history does not join";
    last = transition.to;
  }
  return after.phase == last ? "" : "the history ends elsewhere";
}

void play(unsigned seed, PhaseSet& seen) {
  Dice dice(seed);
  const std::array specs{whole_spec(), canary_spec(), bandit_spec()};
  RolloutSpec spec = specs[static_cast<std::size_t>(dice.below(3))];
  spec.freeze = {FreezeOnce{at_seconds(3000), at_seconds(9000)}, FreezeOnce{at_seconds(50'000), at_seconds(90'000)}};
  if (dice.one_in(2)) spec.on_inconclusive = OnInconclusive::kAbort;
  RolloutState state = start_of(at_seconds(0));
  Watched watched;
  int seconds = 0, beyond = 0;
  for (int i = 0; i < kSteps; ++i) {
    seconds += dice.one_in(40) ? 90'000 : dice.below(500);
    const UtcTime now = at_seconds(seconds);
    const RolloutState before = state;
    if (dice.one_in(15)) {
      const auto decision = command(spec, state, order_of(static_cast<Command>(dice.below(5)), now));
      if (decision) state = decision->next;
    } else {
      const Look look = random_look(dice, spec, state, now);
      watched.has_failed |= is_allowed(state.phase, Event::kBackOut) && has_failed(look);
      state = advance(spec, state, look).next;
    }
    watched.was_frozen = is_frozen(spec.freeze, now);
    ASSERT_EQ(broken_promise(spec, before, state, watched), "") << "seed " << seed << ", step " << i;
    seen |= set_of(state.phase);
    if (contains(kTerminal, before.phase) && ++beyond == kStepsBeyondTheEnd) return;
    if (i % kStoreEach != 0) continue;
    const auto stored = parse_rollout_state(to_json(state), spec);
    ASSERT_TRUE(stored) << stored.error().message();
    state = *stored;
  }
}

TEST(RolloutMachineProperty, NoSequenceBreaksItsPromises) {
  PhaseSet seen = 0;
  for (unsigned seed = 0; seed < kSequences; ++seed) ASSERT_NO_FATAL_FAILURE(play(seed, seen));
  for (const Phase phase : kPhases) EXPECT_TRUE(contains(seen, phase)) << phase_name(phase);
}

}  // namespace
}  // namespace modelyard::rollout
