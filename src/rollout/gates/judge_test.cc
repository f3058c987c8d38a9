#include "rollout/gates/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "rollout/gates/test_traffic.h"

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;

constexpr double kAlpha = 0.05;

Gate gate_of(std::string_view text) {
  auto gate = parse_gate(text);
  EXPECT_TRUE(gate) << gate.error().message();
  return *gate;
}

// A step in which this many of each arm's requests, of a unit each, are failures.
Evidence failures(std::uint64_t candidate, std::uint64_t of_candidate, std::uint64_t stable = 0,
                  std::uint64_t of_stable = 0) {
  Evidence evidence;
  StepEvidence& step = step_of(evidence, 0);
  for (std::uint64_t i = 0; i < of_candidate; ++i) add(step.candidate, {.unit_hash = i, .failed = i < candidate});
  for (std::uint64_t i = 0; i < of_stable; ++i) add(step.stable, {.unit_hash = i, .failed = i < stable});
  return evidence;
}

Evidence latencies(double candidate_ms, double stable_ms, int requests) {
  Evidence evidence;
  TestTraffic traffic(3);
  StepEvidence& step = step_of(evidence, 0);
  for (int i = 0; i < requests; ++i) {
    for (ArmEvidence* const arm : {&step.candidate, &step.stable}) {
      const double milliseconds = (arm == &step.candidate ? candidate_ms : stable_ms) * (0.9 + 0.2 * traffic.uniform());
      add(*arm, {.unit_hash = static_cast<std::uint64_t>(i),
                 .latency = std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * milliseconds))});
    }
  }
  return evidence;
}

TEST(AbsoluteGate, FailsOnlyWhenAllOfTheIntervalIsBeyondTheLimit) {
  const Gate gate = gate_of("error_rate <= 0.5%");

  const Verdict fail = judge(gate, failures(40, 812), kAlpha);
  EXPECT_EQ(fail.outcome, Outcome::kFail);
  EXPECT_GT(fail.interval.low, 0.005);
  EXPECT_THAT(fail.because, HasSubstr("4.93 % of 812 requests failed (between "));
  EXPECT_THAT(fail.because, HasSubstr(" %); the limit is 0.5 %"));
  EXPECT_EQ(judge(gate, failures(8, 812), kAlpha).outcome, Outcome::kInconclusive);
  EXPECT_EQ(judge(gate, failures(0, 812), kAlpha).outcome, Outcome::kInconclusive);
  EXPECT_EQ(judge(gate, failures(2, 20'000), kAlpha).outcome, Outcome::kPass);
}

TEST(AbsoluteGate, BeginsWithItsLeastSamples) {
  const Verdict few = judge(gate_of("error_rate <= 0.5% min 1000"), failures(40, 812), kAlpha);
  EXPECT_EQ(few.outcome, Outcome::kNoData);
  EXPECT_EQ(few.because, "812 requests of the candidate; the gate begins with 1000");
  const Verdict none = judge(gate_of("error_rate <= 0.5%"), Evidence(), kAlpha);
  EXPECT_EQ(none.outcome, Outcome::kNoData);
  EXPECT_EQ(none.because, "no requests of the candidate yet");
}

TEST(AbsoluteGate, OfZeroFailsWithTheFirstAndPassesWithoutAny) {
  const Gate gate = gate_of("error_rate <= 0% min 500");

  const Verdict clean = judge(gate, failures(0, 500), kAlpha);
  EXPECT_EQ(clean.outcome, Outcome::kPass);
  EXPECT_THAT(clean.because, HasSubstr("none of 500 requests failed; that may be luck up to a rate of "));
  EXPECT_GT(clean.interval.high, 3.0 / 500) << "one that looks often has less than the rule of three";
  EXPECT_EQ(judge(gate, failures(1, 500), kAlpha).outcome, Outcome::kFail);
  EXPECT_EQ(judge(gate, failures(0, 499), kAlpha).outcome, Outcome::kNoData);
}

TEST(AbsoluteGate, TakesRequestsOfOneUserForWhatTheyAreWorth) {
  Evidence evidence;
  ArmEvidence& arm = step_of(evidence, 0).candidate;
  for (std::uint64_t user = 0; user < 200; ++user) {
    for (int i = 0; i < 20; ++i) add(arm, {.unit_hash = user, .failed = user < 4});
  }
  const Gate gate = gate_of("error_rate <= 0.5%");

  const Verdict verdict = judge(gate, evidence, kAlpha);

  EXPECT_EQ(judge(gate, failures(80, 4000), kAlpha).outcome, Outcome::kFail);
  EXPECT_EQ(verdict.candidate, 0.02);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive) << "four of 200 users";
  EXPECT_THAT(verdict.because, HasSubstr("users' requests go together and count as 199"));
}

TEST(AbsoluteGate, AddsUpStepsAndItsOwnConfidenceComesFirst) {
  Evidence evidence = failures(3, 400);
  ArmEvidence& later = step_of(evidence, 1).candidate;
  for (std::uint64_t i = 0; i < 400; ++i) add(later, {.unit_hash = i, .failed = i < 9});

  const Verdict usual = judge(gate_of("error_rate <= 0.5%"), evidence, kAlpha);
  const Verdict bold = judge(gate_of("error_rate <= 0.5% at 60%"), evidence, kAlpha);

  EXPECT_EQ(usual.candidate_samples, 800u);
  EXPECT_EQ(usual.candidate, 0.015);
  EXPECT_EQ(usual.outcome, Outcome::kInconclusive);
  EXPECT_EQ(bold.outcome, Outcome::kFail);
}

TEST(LatencyGate, NeedsTheWholeIntervalOfTheQuantile) {
  const Gate gate = gate_of("p99_ms <= 40");

  const Verdict fast = judge(gate, latencies(20, 20, 5000), kAlpha), slow = judge(gate, latencies(60, 20, 500), kAlpha);
  EXPECT_EQ(fast.outcome, Outcome::kPass);
  EXPECT_NEAR(fast.candidate, 22, 0.3);
  EXPECT_LE(fast.interval.low, fast.candidate);
  EXPECT_GE(fast.interval.high, fast.candidate);
  EXPECT_EQ(slow.outcome, Outcome::kFail);
  EXPECT_THAT(slow.because, HasSubstr("p99_ms is 65"));
  EXPECT_THAT(slow.because, HasSubstr("of 500 requests ("));
  EXPECT_EQ(judge(gate, latencies(36.4, 20, 5000), kAlpha).outcome, Outcome::kInconclusive);
  EXPECT_TRUE(std::isinf(judge(gate, latencies(20, 20, 150), kAlpha).interval.high)) << "no 100 tell a 99th percentile";
}

TEST(LatencyGate, ComparesWithStableByAFactorOrAShift) {
  const Evidence slower = latencies(26, 20, 5000);

  const Verdict factor = judge(gate_of("p90_ms <= stable * 1.1"), slower, kAlpha);
  EXPECT_EQ(factor.outcome, Outcome::kFail);
  EXPECT_LE(factor.interval.low, 1.3);
  EXPECT_GE(factor.interval.high, 1.3);
  EXPECT_LT(factor.interval.high - factor.interval.low, 0.1);
  EXPECT_THAT(factor.because, HasSubstr(" times stable (between 1.2"));
  EXPECT_EQ(judge(gate_of("p90_ms <= stable * 1.5"), slower, kAlpha).outcome, Outcome::kPass);
  EXPECT_EQ(judge(gate_of("p90_ms <= stable + 2"), slower, kAlpha).outcome, Outcome::kFail);
  EXPECT_EQ(judge(gate_of("p90_ms <= stable + 12"), slower, kAlpha).outcome, Outcome::kPass);
  EXPECT_EQ(judge(gate_of("p90_ms <= stable"), latencies(20, 20, 5000), kAlpha).outcome, Outcome::kInconclusive);
  EXPECT_EQ(judge(gate_of("p90_ms <= stable"), latencies(15, 20, 5000), kAlpha).outcome, Outcome::kPass);
}

TEST(RelativeGate, AllowsAMarginAndNeedsTheWholeIntervalWithinIt) {
  const Gate gate = gate_of("error_rate <= stable + 1%");

  const Verdict worse = judge(gate, failures(200, 4000, 40, 4000), kAlpha);
  EXPECT_EQ(worse.outcome, Outcome::kFail);
  EXPECT_EQ(worse.limit, 0.01);
  EXPECT_THAT(worse.because,
              HasSubstr("5 % of 4000 requests failed, 1 % of 4000 of stable: 4 points more than stable"));
  EXPECT_EQ(judge(gate, failures(40, 4000, 40, 4000), kAlpha).outcome, Outcome::kPass);
  EXPECT_EQ(judge(gate, failures(2, 200, 40, 4000), kAlpha).outcome, Outcome::kInconclusive);
  EXPECT_EQ(judge(gate_of("error_rate <= stable * 2"), failures(200, 4000, 40, 4000), kAlpha).outcome, Outcome::kFail);
}

TEST(RelativeGate, ComparesOnlyWithinSteps) {
  // A bad day before, on which stable had nearly all of the traffic: added up, the candidate would look better.
  Evidence evidence = failures(150, 1000, 1500, 20'000);
  StepEvidence& later = step_of(evidence, 1);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    add(later.candidate, {.unit_hash = i, .failed = i % 100 < 4});
    if (i < 1000) add(later.stable, {.unit_hash = i, .failed = i % 100 < 1});
  }
  const Verdict verdict = judge(gate_of("error_rate <= stable"), evidence, kAlpha);

  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_GT(verdict.candidate - *verdict.stable, 0.03);
}

TEST(RelativeGate, SaysSoWhenUnitsAreTooFew) {
  Evidence evidence;
  StepEvidence& step = step_of(evidence, 0);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    add(step.candidate, {.unit_hash = i % 20, .failed = i % 20 == 1});
    add(step.stable, {.unit_hash = i});
  }
  const Verdict verdict = judge(gate_of("error_rate <= stable"), evidence, kAlpha);
  EXPECT_EQ(verdict.outcome, Outcome::kNoData);
  EXPECT_EQ(verdict.because, "samples of 20 groups of units: a comparison begins with 100");
  EXPECT_EQ(judge(gate_of("error_rate <= stable"), failures(1, 500), kAlpha).because,
            "no step has samples of both versions yet");
}

TEST(RelativeGate, CountsLabelledPairsForAccuracy) {
  Evidence evidence;
  PairEvidence& pairs = step_of(evidence, 0).pairs;
  for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
    pairs.labelled[unit] = 20;
    pairs.stable_only[unit] = unit % 2;
  }
  const Verdict worse = judge(gate_of("accuracy >= stable - 0.01"), evidence, kAlpha);
  EXPECT_EQ(worse.outcome, Outcome::kFail);
  EXPECT_THAT(worse.because, HasSubstr("of 5120 labelled pairs only the candidate was right on 0, only stable on 128"));
  pairs.candidate_only = pairs.stable_only;
  EXPECT_EQ(judge(gate_of("accuracy >= stable - 0.02"), evidence, kAlpha).outcome, Outcome::kPass);
}

TEST(DisagreementGate, CountsPairs) {
  Evidence evidence;
  PairEvidence& pairs = step_of(evidence, 0).pairs;
  for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
    pairs.compared[unit] = 10;
    pairs.disagreed[unit] = unit % 2;
  }
  const Verdict verdict = judge(gate_of("disagreement <= 2%"), evidence, kAlpha);
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_THAT(verdict.because, HasSubstr("5 % of 2560 compared answers were unlike stable's"));
}

Evidence traffic_of(const ArmTruth& candidate, const ArmTruth& stable, int requests, std::uint64_t seed = 7) {
  Evidence evidence;
  TestTraffic traffic(seed);
  for (int i = 0; i < requests; ++i) traffic.add_request(step_of(evidence, 0), 0.5, candidate, stable);
  return evidence;
}

TEST(OutputDistanceGate, IsTheShareOfAnswersThatWentElsewhere) {
  const Gate gate = gate_of("output_distance <= 0.1");

  const Verdict same = judge(gate, traffic_of({}, {}, 20'000), kAlpha);
  const Verdict moved = judge(gate, traffic_of({.first_output = 0.6}, {}, 20'000), kAlpha);

  EXPECT_EQ(same.outcome, Outcome::kPass);
  EXPECT_EQ(moved.outcome, Outcome::kFail);
  EXPECT_NEAR(moved.candidate, 0.2, 0.02);
  EXPECT_LE(moved.interval.low, 0.2);
  EXPECT_GE(moved.interval.high, 0.2);
}

TEST(MetricGate, ComparesMeans) {
  const Evidence evidence = traffic_of({.revenue = 9}, {}, 4000);
  EXPECT_EQ(judge(gate_of("metric:revenue >= stable - 0.5"), evidence, kAlpha).outcome, Outcome::kFail);
  EXPECT_EQ(judge(gate_of("metric:revenue >= stable * 0.8"), evidence, kAlpha).outcome, Outcome::kPass);
  EXPECT_EQ(judge(gate_of("metric:revenue >= 8.5"), evidence, kAlpha).outcome, Outcome::kPass);
  EXPECT_EQ(judge(gate_of("metric:revenue <= 8.5"), evidence, kAlpha).outcome, Outcome::kFail);
  EXPECT_EQ(judge(gate_of("metric:clicks <= 8.5"), evidence, kAlpha).outcome, Outcome::kNoData);
}

TEST(Gates, ShareAlphaAndKeepOnlyAbsoluteFailuresWhenTheSplitIsBroken) {
  const auto gates = parse_gates(std::vector<std::string>{"error_rate <= 0.5%", "error_rate <= stable",
                                                          "nonfinite_rate <= 0%", "timeout_rate <= 1% at 95%"});
  const WindowedEvidence windowed(failures(40, 812, 4, 812));
  const Evidence& evidence = windowed.all();

  const auto sound = judge_all(*gates, windowed, 0.06, {});
  EXPECT_EQ(sound[0].outcome, Outcome::kFail);
  EXPECT_EQ(sound[0].interval.low, judge((*gates)[0], evidence, 0.02).interval.low);
  EXPECT_EQ(sound[1].outcome, Outcome::kFail);
  EXPECT_EQ(sound[2].outcome, Outcome::kPass);
  EXPECT_EQ(sound[3].interval.high, judge((*gates)[3], evidence, 0.5).interval.high);

  const std::vector<StepSplit> split{{0.5, {{2000, 2600}}}};
  const auto broken = judge_all(*gates, windowed, 0.06, judge_split(split));
  EXPECT_EQ(broken[0].outcome, Outcome::kFail);
  EXPECT_EQ(broken[1].outcome, Outcome::kSrm);
  EXPECT_EQ(broken[2].outcome, Outcome::kSrm);
  EXPECT_THAT(broken[1].because, HasSubstr("43.48 % of 4600 units went to the candidate; planned were 50 %: what"));
}

TEST(Judge, SeesOnlyTheWindowOfAGateThatNamesOne) {
  const auto gates = parse_gates(std::vector<std::string>{"error_rate <= 1%", "error_rate <= 1% over 10m"});
  const UtcTime begin = utc_from_micros(1'700'000'000'000'000);
  WindowedEvidence evidence;
  evidence.move_to(*gates, begin, begin);
  ASSERT_TRUE(evidence.add(failures(0, 50'000, 0, 0)));
  evidence.move_to(*gates, begin, begin + std::chrono::hours(1));
  ASSERT_TRUE(evidence.add(failures(100, 1000, 0, 0)));

  const auto verdicts = judge_all(*gates, evidence, 0.05, {});
  EXPECT_EQ(verdicts[0].outcome, Outcome::kPass) << "an hour without errors hides a minute with them";
  EXPECT_EQ(verdicts[1].outcome, Outcome::kFail);
  EXPECT_EQ(verdicts[1].candidate_samples, 1000u);
  const double low = judge((*gates)[1], failures(100, 1000, 0, 0), 0.025 / (12 * 13)).interval.low;
  EXPECT_EQ(verdicts[1].interval.low, low) << "its twelfth window";
}

TEST(Split, IsJudgedByTheUnitsOfAllSteps) {
  const std::vector<StepSplit> fair{{0.05, {{520, 9480}}}, {0.5, {{5020, 4980}}}, {1, {{9000, 0}}}};
  const std::vector<StepSplit> broken{{0.05, {{380, 9620}}}, {0.5, {{5020, 4980}}}};

  EXPECT_FALSE(judge_split(fair).is_mismatch);
  EXPECT_TRUE(judge_split(broken).is_mismatch);
  EXPECT_TRUE(judge_split(fair).is_judged);
  EXPECT_FALSE(judge_split({}).is_judged);
  EXPECT_EQ(judge_split({}).because, "no traffic has been split yet");
}

TEST(Split, ALevelThatWasLeftKeepsWhatItHasShown) {
  const UnitCounts broken{20, 1980}, fair{100, 1900};

  EXPECT_TRUE(judge_split(std::vector<StepSplit>{{0.05, {broken, fair, fair}}}).is_mismatch);
  EXPECT_TRUE(judge_split(std::vector<StepSplit>{{0.05, {fair, fair, fair, broken}}}).is_mismatch);
  EXPECT_FALSE(judge_split(std::vector<StepSplit>{{0.05, {fair, fair, fair, fair}}}).is_mismatch);
}

// 400 rollouts are looked at after every 100th unit, over six levels: one in 2,000 may be called broken.
TEST(Split, OfUnitsThatAreSplitAsPlannedIsSeldomCalledBroken) {
  constexpr int kRuns = 400, kUnits = 60'000, kEvery = 500;
  SeededRandom random(11);
  int called = 0;

  for (int run = 0; run < kRuns; ++run) {
    UnitSample sample;
    bool is_called = false;
    for (int unit = 1; unit <= kUnits && !is_called; ++unit) {
      const std::uint64_t hash = random.next();
      sample.add(hash < std::numeric_limits<std::uint64_t>::max() / 10, hash);
      if (unit % kEvery == 0) {
        is_called = judge_split(std::vector<StepSplit>{{0.1, sample.levels()}}).is_mismatch;
      }
    }
    called += is_called ? 1 : 0;
  }

  EXPECT_LE(called, 2);  // of 0.2 that are to be expected
}

}  // namespace
}  // namespace modelyard::rollout
