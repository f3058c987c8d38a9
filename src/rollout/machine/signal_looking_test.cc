#include "rollout/machine/signal_looking.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

// In the second of two steps; the second one asks for `cost`, too.
class SignalLookingTest : public ::testing::Test {
 protected:
  SignalLookingTest() {
    state_.phase = Phase::kCanary;
    state_.step = 1;
    state_.step_since = at_seconds(0);
    look_.now = at_seconds(40);
  }

  void has_said(const std::string& name, double value) { readings_[name].add({at_seconds(30), value, ""}); }
  Outcome outcome_of(std::string_view line) {
    see_evidence(spec_, state_, gates_, WindowedEvidence(), look_);
    see_signals(spec_, state_, gates_, readings_, look_);
    const auto found = std::ranges::find(look_.verdicts, line, &Verdict::gate);
    EXPECT_NE(found, look_.verdicts.end()) << line;
    return found == look_.verdicts.end() ? Outcome::kSrm : found->outcome;
  }

  RolloutSpec spec_ = spec_of(R"({"candidate": 8, "strategy": "canary",
      "steps": [10, {"weight": 50, "gates": ["signal:cost <= 1"]}], "gates": ["signal:load <= 5", "error_rate <= 1%"],
      "signals": {"load": {"source": "metrics", "failures": 1}, "cost": {"source": "checks"}}})");
  std::vector<Gate> gates_ = *parse_gates(all_gates(spec_));
  RolloutState state_;
  SignalReadings readings_;
  Look look_;
};

TEST_F(SignalLookingTest, AsksForWhatIsInForceAndOnlyWithTraffic) {
  EXPECT_EQ(signals_in_force(spec_, state_, gates_), (std::set<std::string>{"cost", "load"}));
  state_.step = 0;
  EXPECT_EQ(signals_in_force(spec_, state_, gates_), (std::set<std::string>{"load"}));
  state_.phase = Phase::kVerifying;
  EXPECT_EQ(signals_in_force(spec_, state_, gates_), std::set<std::string>{});
}

TEST_F(SignalLookingTest, JudgesEachGateByItsOwnSignal) {
  has_said("load", 4);
  has_said("cost", 9);

  EXPECT_EQ(outcome_of("signal:load <= 5"), Outcome::kPass);
  EXPECT_EQ(outcome_of("signal:cost <= 1"), Outcome::kInconclusive);
  EXPECT_EQ(outcome_of("error_rate <= 1%"), Outcome::kNoData);
}

TEST_F(SignalLookingTest, HasNoDataWhileNothingIsKnown) {
  EXPECT_EQ(outcome_of("signal:load <= 5"), Outcome::kNoData);
}

TEST_F(SignalLookingTest, LetsOnlyFailuresStandWhenTheSplitIsBroken) {
  const auto outcome_with_srm = [&] {
    look_.verdicts = {verdict_of("signal:load <= 5", Outcome::kSrm)};
    see_signals(spec_, state_, gates_, readings_, look_);
    return look_.verdicts.front().outcome;
  };
  has_said("load", 4);
  EXPECT_EQ(outcome_with_srm(), Outcome::kSrm);
  has_said("load", 9);
  EXPECT_EQ(outcome_with_srm(), Outcome::kFail);
}

}  // namespace
}  // namespace modelyard::rollout
