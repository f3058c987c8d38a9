#include "rollout/gates/rewards.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace modelyard::rollout {
namespace {

constexpr RewardRule kRule{.metric = "clicked", .least = 100};

// In each bucket of units so many clicks of so many answers: as even as chance never is.
void add_even(ArmEvidence& arm, int clicks, int answers) {
  for (std::uint64_t unit = 0; unit < kUnitBuckets; ++unit) {
    for (int i = 0; i < answers; ++i) ASSERT_TRUE(add_metric(arm, "clicked", unit, i < clicks ? 1 : 0));
  }
}

// Answers of strangers.
void add_random(ArmEvidence& arm, double rate, int answers, Random& random) {
  for (int i = 0; i < answers; ++i) {
    const bool is_click = static_cast<double>(random.next() >> 11) * 0x1p-53 < rate;
    ASSERT_TRUE(add_metric(arm, "clicked", random.next(), is_click ? 1 : 0));
  }
}

TEST(Rewards, OfOneStepAreThoseOfBetaAndBernoulli) {
  Evidence evidence;
  add_even(step_of(evidence, 0).candidate, 4, 20);
  add_even(step_of(evidence, 0).stable, 7, 36);

  const RewardVerdict judged = judge_rewards(kRule, evidence);

  // By Simpson's rule over scipy's densities.
  EXPECT_NEAR(*judged.better, 0.7899806, 1e-5);
  EXPECT_EQ(judged.verdict.outcome, Outcome::kInconclusive);
  EXPECT_NEAR(judged.verdict.candidate, 0.2, 1e-12);
  EXPECT_NEAR(*judged.verdict.stable, 7.0 / 36, 1e-4);
  EXPECT_NEAR(judged.verdict.interval.low, -0.0080066, 1e-6);
  EXPECT_NEAR(judged.verdict.interval.high, 0.0192194, 1e-6);
  EXPECT_EQ(judged.verdict.candidate_samples, 5120u);
  EXPECT_EQ(judged.verdict.because,
            "clicked is 20 % of 5120 rewards, 19.4 % of 9216 of stable: the candidate is better with 79 %, and with "
            "86.2 % no more than 1 % is lost with it (95 % decide)");
}

TEST(Rewards, AreForTheCandidateOrAgainstItWhenOneOfThemSurelyLeads) {
  Evidence better, worse;
  add_even(step_of(better, 0).candidate, 6, 20);
  add_even(step_of(better, 0).stable, 5, 20);
  add_even(step_of(worse, 0).candidate, 5, 20);
  add_even(step_of(worse, 0).stable, 6, 20);

  EXPECT_EQ(judge_rewards(kRule, better).verdict.outcome, Outcome::kPass);
  EXPECT_EQ(judge_rewards(kRule, worse).verdict.outcome, Outcome::kFail);
}

// In bad hours the candidate had a tenth of the requests, in good ones nine tenths; it is just like stable in both.
TEST(Rewards, AreNotFooledByAWeightThatWasHighInGoodHours) {
  Evidence evidence, pooled;
  for (Evidence* const kept : {&evidence, &pooled}) {
    const bool is_pooled = kept == &pooled;
    add_even(step_of(*kept, 0).candidate, 1, 10);
    add_even(step_of(*kept, 0).stable, 9, 90);
    add_even(step_of(*kept, is_pooled ? 0 : 1).candidate, 45, 90);
    add_even(step_of(*kept, is_pooled ? 0 : 1).stable, 5, 10);
  }

  EXPECT_EQ(judge_rewards(kRule, pooled).verdict.outcome, Outcome::kPass) << "added up it looks far better";
  EXPECT_NEAR(*judge_rewards(kRule, evidence).better, 0.5, 1e-3);
  EXPECT_NEAR(judge_rewards(kRule, evidence).verdict.candidate, 0.3, 1e-3);
}

TEST(Rewards, OfUsersWhoAlwaysClickSayAsMuchAsTheUsersAre) {
  Evidence strangers, users;
  SeededRandom random(3);
  for (const bool is_candidate : {true, false}) {
    ArmEvidence& once = is_candidate ? step_of(strangers, 0).candidate : step_of(strangers, 0).stable;
    ArmEvidence& often = is_candidate ? step_of(users, 0).candidate : step_of(users, 0).stable;
    for (int unit = 0; unit < 2000; ++unit) {
      const std::uint64_t hash = random.next();
      const double click = random.next() % 100 < (is_candidate ? 22 : 20) ? 1 : 0;
      ASSERT_TRUE(add_metric(once, "clicked", hash, click));
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(add_metric(often, "clicked", hash, click));
    }
  }

  const RewardVerdict of_strangers = judge_rewards(kRule, strangers), of_users = judge_rewards(kRule, users);

  EXPECT_NEAR(*of_users.better, *of_strangers.better, 0.02);
  EXPECT_EQ(of_users.verdict.candidate_samples, 40'000u);
}

TEST(Rewards, BeginWithEnoughOfBothVersions) {
  Evidence evidence;
  EXPECT_EQ(judge_rewards(kRule, evidence).verdict.because,
            "0 rewards of the candidate, 0 of stable; it begins with 100 of each");
  add_even(step_of(evidence, 0).candidate, 1, 10);
  EXPECT_EQ(judge_rewards(kRule, evidence).verdict.outcome, Outcome::kNoData);
  constexpr RewardRule kMore{.metric = "clicked", .least = 1000};
  SeededRandom random(1);
  add_random(step_of(evidence, 0).stable, 0.1, 999, random);
  EXPECT_EQ(judge_rewards(kMore, evidence).better, std::nullopt);
  add_random(step_of(evidence, 0).stable, 0.1, 1, random);
  EXPECT_NE(judge_rewards(kMore, evidence).better, std::nullopt);
}

TEST(Rewards, OfFewUsersSayNothing) {
  Evidence evidence;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(add_metric(step_of(evidence, 0).candidate, "clicked", i % 50, 1));
    ASSERT_TRUE(add_metric(step_of(evidence, 0).stable, "clicked", i % 50, 0));
  }
  EXPECT_EQ(judge_rewards(kRule, evidence).verdict.because,
            "rewards of 50 groups of units: a comparison begins with 100");
}

TEST(Rewards, HaveALineThatIsNoGate) {
  EXPECT_EQ(reward_line("clicked"), "reward clicked");
  EXPECT_FALSE(parse_gate("reward clicked"));
  EXPECT_EQ(gate_like_reward("reward clicked")->metric, "clicked");
  EXPECT_FALSE(gate_like_reward("error_rate <= 1%"));
  EXPECT_TRUE(is_reward_name("clicked"));
  EXPECT_FALSE(is_reward_name("metric:clicked >= stable"));
  EXPECT_FALSE(is_reward_name(""));
}

TEST(Rewards, SayTheOppositeOfVersionsThatChangedPlaces) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SeededRandom random(seed);
    Evidence evidence, mirrored;
    for (int i = 0; i < static_cast<int>(1 + seed % 3); ++i) {
      StepEvidence& step = step_of(evidence, i);
      const double rate = static_cast<double>(random.next() % 101) / 100;
      add_random(step.candidate, rate, static_cast<int>(300 + random.next() % 1000), random);
      add_random(step.stable, std::min(1.0, rate * 1.1), static_cast<int>(300 + random.next() % 1000), random);
      step_of(mirrored, i).candidate = step.stable;
      step_of(mirrored, i).stable = step.candidate;
    }

    const RewardVerdict one = judge_rewards(kRule, evidence), other = judge_rewards(kRule, mirrored);

    ASSERT_TRUE(*one.better >= 0 && *one.better <= 1) << seed;
    ASSERT_NEAR(*one.better + *other.better, 1, 1e-4) << seed;
    ASSERT_EQ(one.verdict.outcome == Outcome::kPass, other.verdict.outcome == Outcome::kFail) << seed;
  }
}

}  // namespace
}  // namespace modelyard::rollout
