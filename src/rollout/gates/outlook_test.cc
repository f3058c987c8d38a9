#include "rollout/gates/outlook.h"

#include <gtest/gtest.h>

#include <random>

#include "rollout/gates/judge.h"

namespace modelyard::rollout {
namespace {

constexpr double kAlpha = 0.05;

Gate gate_of(std::string_view text) {
  auto gate = parse_gate(text);
  EXPECT_TRUE(gate) << gate.error().message();
  return *gate;
}

// Fails so often, and takes 10 to 20 ms.
Likeness like(double failures) {
  ArmEvidence arm;
  for (int i = 0; i < 10'000; ++i) {
    add(arm, {.unit_hash = static_cast<std::uint64_t>(i), .latency = std::chrono::microseconds(10'000 + i)});
  }
  Likeness likeness = likeness_of(arm);
  likeness.failures = failures;
  return likeness;
}

TEST(Expectation, HasTheCountsThatAreExpected) {
  const Gate gate = gate_of("error_rate <= 1%");
  const std::vector<ExpectedStep> steps{{0.1, 1000}, {0.5, 3000}};

  const Evidence evidence = expect(steps, like(0.02), like(0.01), gate, 0);

  const Verdict verdict = judge(gate, evidence, kAlpha);
  EXPECT_EQ(verdict.candidate_samples, 4000u);
  EXPECT_DOUBLE_EQ(verdict.candidate, 0.02);
  const Verdict relative = judge(gate_of("error_rate <= stable + 1%"), evidence, kAlpha);
  EXPECT_EQ(relative.stable_samples, 12'000u);
  EXPECT_NEAR(*relative.stable, 0.01, 1e-9);
}

TEST(Outlook, TheGatePassesWithTheSamplesItSaysAndNotWithFewer) {
  const Likeness stable = like(0.001);
  for (const char* line : {"error_rate <= 0.5%", "error_rate <= stable + 0.5%", "p99_ms <= 40",
                           "p99_ms <= stable * 1.2", "nonfinite_rate <= 0%", "error_rate <= 3% min 700"}) {
    const Gate gate = gate_of(line);
    const auto samples = samples_to_pass({gate, kAlpha}, {{}, 0.5}, stable);
    ASSERT_TRUE(samples) << line;
    const auto outcome = [&](double count) {
      const std::vector<ExpectedStep> steps{{0.5, count}};
      return judge(gate, expect(steps, stable, stable, gate, 0), kAlpha).outcome;
    };
    EXPECT_EQ(outcome(static_cast<double>(*samples)), Outcome::kPass) << line;
    EXPECT_NE(outcome(0.97 * static_cast<double>(*samples)), Outcome::kPass) << line << " " << *samples;
    EXPECT_GE(*samples, gate.least_samples);
  }
}

TEST(Outlook, WhatWasSeenBeforeNeedNotBeSeenAgain) {
  const Gate gate = gate_of("error_rate <= 0.5%");
  const auto alone = samples_to_pass({gate, kAlpha}, {{}, 0.5}, like(0.001));
  const auto later = samples_to_pass({gate, kAlpha}, {{{0.1, 500}}, 0.5}, like(0.001));
  ASSERT_TRUE(alone && later);
  EXPECT_LT(*later, *alone);
  EXPECT_EQ(samples_to_pass({gate, kAlpha}, {{{0.1, 50'000}}, 0.5}, like(0.001)), 0u);
}

TEST(Outlook, AGateThatStableItselfBreaksNeverPasses) {
  EXPECT_EQ(samples_to_pass({gate_of("error_rate <= 0.5%"), kAlpha}, {{}, 0.5}, like(0.01)), std::nullopt);
}

TEST(Outlook, KnowsNothingOfSignalsThatStableDoesNotShow) {
  EXPECT_FALSE(is_foreseeable(gate_of("accuracy >= 90%"), like(0)));
  EXPECT_FALSE(is_foreseeable(gate_of("p99_ms <= 4"), Likeness()));
  EXPECT_TRUE(is_foreseeable(gate_of("error_rate <= 1%"), Likeness()));
}

TEST(Outlook, HarmIsSoManyTimesWhatTheGateAllows) {
  EXPECT_DOUBLE_EQ(harm_of(gate_of("error_rate <= 0.5%"), like(0.001), 2)->value, 0.01);
  EXPECT_DOUBLE_EQ(harm_of(gate_of("error_rate <= stable + 0.5%"), like(0.001), 2)->value, 0.012);
  EXPECT_DOUBLE_EQ(harm_of(gate_of("nonfinite_rate <= 0%"), like(0.001), 2)->value, kHarmOfNone);
  EXPECT_NEAR(harm_of(gate_of("p50_ms <= stable * 1.1"), like(0.001), 2)->value, 2 * 1.1 * 15, 0.3);
}

TEST(Outlook, PowerGrowsWithSamplesAndWithHarm) {
  const Likeness stable = like(0.001);
  for (const char* line :
       {"error_rate <= 0.5%", "error_rate <= stable + 0.5%", "p99_ms <= 30", "p99_ms <= stable * 1.2"}) {
    const Gate gate = gate_of(line);
    const auto at = [&](double samples, double times) {
      return power({gate, kAlpha}, {{0.5, samples}}, stable, *harm_of(gate, stable, times));
    };
    EXPECT_LE(at(150, 2), at(1000, 2)) << line;
    EXPECT_LE(at(1000, 2), at(4000, 2)) << line;
    EXPECT_LE(at(1000, 2), at(1000, 6)) << line;
    EXPECT_GT(at(100'000, 2), 0.99) << line;
  }
}

TEST(Outlook, PowerIsHowOftenTheJudgeFailsSuchACandidate) {
  constexpr int kRuns = 2000, kSamples = 2500;
  const Likeness stable = like(0.002);
  std::mt19937_64 random(7);
  for (const char* line : {"error_rate <= 0.5%", "error_rate <= stable + 0.3%"}) {
    const Gate gate = gate_of(line);
    const Harm harm = *harm_of(gate, stable, 2.5);
    int failed = 0;
    for (int run = 0; run < kRuns; ++run) {
      Evidence evidence;
      StepEvidence& step = step_of(evidence, 0);
      for (std::size_t i = 0; i < kUnitBuckets; ++i) {
        for (ArmEvidence* const arm : {&step.candidate, &step.stable}) {
          arm->requests[i] = kSamples / kUnitBuckets;
          const double rate = arm == &step.candidate ? harm.value : stable.failures;
          arm->failures[i] = std::binomial_distribution<std::uint64_t>(arm->requests[i], rate)(random);
        }
      }
      failed += judge(gate, evidence, kAlpha).outcome == Outcome::kFail ? 1 : 0;
    }
    const double samples = static_cast<double>(kSamples / kUnitBuckets * kUnitBuckets);
    EXPECT_NEAR(power({gate, kAlpha}, {{0.5, samples}}, stable, harm), static_cast<double>(failed) / kRuns, 0.1)
        << line;
  }
}

}  // namespace
}  // namespace modelyard::rollout
