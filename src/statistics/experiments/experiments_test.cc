#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "statistics/distances/chi_square.h"
#include "statistics/experiments/bandit.h"
#include "statistics/experiments/interleaving.h"
#include "statistics/experiments/off_policy.h"
#include "statistics/experiments/paired.h"
#include "statistics/experiments/sample_size.h"
#include "statistics/experiments/units.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

// Expected values are those of scipy 1.17 and numpy on the same numbers, but where another source is named.
void expect_near(double actual, double expected, double relative = 1e-6) {
  EXPECT_NEAR(actual, expected, std::abs(expected) * relative);
}

PairMoments pairs(std::span<const double> x, std::span<const double> y) {
  PairMoments moments;
  for (std::size_t i = 0; i < x.size(); ++i) moments.add(x[i], y[i]);
  return moments;
}

RC_GTEST_PROP(PairMoments, MergeAsIfTheStreamHadNotBeenParted, ()) {
  const auto values = *rc::gen::container<std::vector<double>>(
      200, rc::gen::map(rc::gen::inRange(-100'000, 100'000), [](int value) { return value / 64.0; }));
  const auto x = std::span(values).first(100), y = std::span(values).last(100);
  const auto cut = *rc::gen::inRange<std::size_t>(0, 100);
  const PairMoments whole = pairs(x, y);
  PairMoments there = pairs(x.first(cut), y.first(cut)), back = pairs(x.subspan(cut), y.subspan(cut));
  const PairMoments first = there;
  there.merge(back);
  back.merge(first);
  for (const PairMoments& merged : {there, back}) {
    RC_ASSERT(std::abs(merged.covariance() - whole.covariance()) <= 1e-7 * (1 + std::abs(whole.covariance())));
    RC_ASSERT(std::abs(merged.x().variance - whole.x().variance) <= 1e-7 * (1 + whole.x().variance));
    RC_ASSERT(std::abs(merged.y().mean - whole.y().mean) <= 1e-9 * (1 + std::abs(whole.y().mean)));
    RC_ASSERT(merged.count() == whole.count());
  }
}

TEST(PairMoments, LeaveOutWhatIsNoPair) {
  PairMoments moments = pairs(std::vector<double>{1, 2}, std::vector<double>{3, 5});
  moments.add(NAN, 1);
  moments.add(1, INFINITY);
  EXPECT_EQ(moments.left_out(), 2u);
  EXPECT_DOUBLE_EQ(moments.covariance(), 1);
}

TEST(Units, GiveARatioWithTheVarianceOfItsUnits) {
  auto x = uniform_stream(5, 300), y = uniform_stream(6, 300);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = 1 + std::floor(10 * x[i]);
    y[i] = std::floor(x[i] * y[i]);
  }
  const MeanAndVariance ratio = *unit_ratio(pairs(x, y));
  expect_near(ratio.mean, 0.3977936404931862);
  expect_near(ratio.variance, 0.11715869813921156);
  EXPECT_FALSE(unit_ratio(pairs(std::span(x).first(99), std::span(y).first(99))));
}

TEST(Units, LoseTheVarianceThatAnotherFigureExplains) {
  const auto x = uniform_stream(21, 500);
  auto y = uniform_stream(22, 500);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = 0.8 * x[i] + 0.2 * y[i];
  const auto half = [&](std::size_t from) {
    return pairs(std::span(x).subspan(from, 250), std::span(y).subspan(from, 250));
  };
  const Cuped adjusted = *cuped(half(0), half(250));
  expect_near(adjusted.theta, 0.7947704986868505);
  expect_near(adjusted.a.mean, 0.48462628540679364);
  expect_near(adjusted.a.variance, 0.0036500352543263753);
  expect_near(adjusted.b.mean, 0.49296436616011413);
  expect_near(adjusted.b.variance, 0.003242556506310767);
  const std::vector<double> constant(100, 1.0);
  EXPECT_FALSE(cuped(pairs(constant, constant), pairs(constant, constant)));
}

TEST(Paired, LooksAtRowsOnWhichOneModelIsRight) {
  const McNemar test = *mcnemar_test(12, 27, 500, 0.05);
  expect_near(test.statistic, 5.769230769230769);
  expect_near(test.p, 0.023702702470473014);
  EXPECT_DOUBLE_EQ(test.difference, 0.03);
  expect_near(test.interval.low, 0.005017714316583821);
  expect_near(test.interval.high, 0.05474324185871498);
  EXPECT_EQ(mcnemar_test(0, 0, 10, 0.05)->p, 1);
  EXPECT_FALSE(mcnemar_test(6, 5, 10, 0.05));
  EXPECT_FALSE(mcnemar_test(0, 0, 0, 0.05));
}

// Kohavi, Tang & Xu, Trustworthy Online Controlled Experiments, ch. 3.
TEST(SampleRatio, OfTheTextbookIsAMismatch) {
  const auto test = *chi_square_fit(std::vector{0.5, 0.5}, std::vector{821'588.0, 815'482.0});
  expect_near(test.statistic, 22.77437, 1e-6);
  expect_near(test.p, 1.8218e-6, 1e-4);
}

TEST(SampleSize, IsThatOfTheFormulas) {
  EXPECT_EQ(*size_for_means(0.1, 1, 1, {}), 1570u);
  EXPECT_EQ(*size_for_shares(0.10, 0.12, {}), 3841u);
  EXPECT_EQ(*size_for_pairs(0.05, 0.10, {}), 469u);
  EXPECT_EQ(*size_for_ranks(0.6, {}), 131u);
  expect_near(*power_for_means(0.1, 1, 1, 1570, 0.05), 0.8000569268798247);
  expect_near(*power_for_shares(0.10, 0.12, 3841, 0.05), 0.8000165286163744);
  EXPECT_FALSE(size_for_means(0, 1, 1, {}));
  EXPECT_FALSE(size_for_means(1e-12, 1, 1, {})) << "more rows than anybody has";
  EXPECT_FALSE(size_for_shares(0.1, 1.2, {}));
  EXPECT_FALSE(size_for_pairs(0.6, 0.7, {}));
  EXPECT_FALSE(power_for_means(0.1, 1, 1, 0, 0.05));
}

TEST(SampleSize, OfTheMixtureTestIsWhereItsEvidenceIsEnough) {
  const std::uint64_t size = *size_for_mixture_test(0.1, 1, 1, 0.1, 0.05);
  const auto log_e = [](double rows) {
    const double w = 2 / rows, whole = w + 0.01;
    return std::log(w / whole) / 2 + 0.01 * 0.01 / (2 * w * whole);
  };
  EXPECT_GE(log_e(static_cast<double>(size)), std::log(20.0));
  EXPECT_LT(log_e(static_cast<double>(size - 1)), std::log(20.0));
  EXPECT_GT(size, *size_for_means(0.1, 1, 1, {0.05, 0.5})) << "to look at any time has its price";
}

TEST(Bandit, KnowsHowLikelyAnArmIsTheBest) {
  const std::vector<Share> arms{{12, 100}, {20, 100}, {15, 90}};
  expect_near(*superiority(arms[0], arms[1]), 0.93649995, 1e-7);
  const auto probabilities = *best_arm_probabilities(arms);
  expect_near(probabilities[0], 0.03438245148841229);
  expect_near(probabilities[1], 0.6953093718335653);
  expect_near(probabilities[2], 0.27030817667802187);
  const auto two = *best_arm_probabilities(std::span(arms).first(2));
  expect_near(two[1], 0.93649995, 1e-7);
}

TEST(Bandit, KnowsArmsOfWhichOneIsKnownFarBetterThanTheOther) {
  const std::vector<Share> arms{{1'000'000, 2'000'000}, {0, 0}};
  const auto probabilities = *best_arm_probabilities(arms);
  EXPECT_NEAR(probabilities[0], 0.5, 1e-6);
}

TEST(Bandit, LeavesNoArmWithoutTraffic) {
  const std::vector<Share> arms{{0, 1000}, {900, 1000}};
  const auto shares = *thompson_shares(arms, 0.05);
  EXPECT_NEAR(shares[0], 0.05, 1e-12);
  EXPECT_NEAR(shares[1], 0.95, 1e-12);
  EXPECT_FALSE(thompson_shares(arms, 0.5));
  EXPECT_FALSE(thompson_shares(std::span(arms).first(1), 0));
  EXPECT_FALSE(thompson_shares(std::vector<Share>{{2, 1}, {0, 1}}, 0));
}

TEST(Bandit, KnowsWhatIsLeftToGain) {
  SeededRandom random(3);
  const std::vector<Share> open{{12, 100}, {20, 100}, {15, 90}};
  // Two million draws by scipy: 0.3875.
  EXPECT_NEAR(*value_remaining(open, random), 0.3875, 0.02);
  EXPECT_EQ(*value_remaining(std::vector<Share>{{100, 10'000}, {9000, 10'000}}, random), 0);
}

// By Simpson's rule over scipy's densities.
TEST(Bandit, KnowsHowSurelyLittleIsLostWithAnArm) {
  expect_near(*near_best_probability({20, 100}, {12, 100}, 0.01), 0.9403217459, 1e-6);
  expect_near(*near_best_probability({20, 100}, {12, 100}, 0), 0.9364999460, 1e-6);
  expect_near(*near_best_probability({30'000, 100'000}, {29'900, 100'000}, 0.01), 0.9739943549, 1e-6);
  expect_near(*near_best_probability({99, 100}, {98, 100}, 0.01), 0.8400867973, 1e-6);
  EXPECT_NEAR(*near_best_probability({500, 100'000}, {3, 10}, 0.05), 2.482e-7, 1e-6);
  EXPECT_NEAR(*near_best_probability({5'000'000, 5'000'000}, {0, 5'000'000}, 0), 1, 1e-6);
  EXPECT_NEAR(*near_best_probability({0, 5'000'000}, {5'000'000, 5'000'000}, 0.01), 0, 1e-6);
  EXPECT_NEAR(*near_best_probability({0, 0}, {500'000, 1'000'000}, 0), 0.5, 1e-5);
  EXPECT_FALSE(near_best_probability({1, 2}, {1, 2}, -0.1));
  EXPECT_FALSE(near_best_probability({3, 2}, {1, 2}, 0.1));
}

TEST(Bandit, AgreesOnWhatIsLeftToGainWithItsDraws) {
  SeededRandom random(5);
  const std::vector<Share> arms{{300, 1000}, {310, 1000}};
  const double remaining = *value_remaining(arms, random, 100'000);
  EXPECT_NEAR(*near_best_probability(arms[1], arms[0], remaining), 0.95, 0.005);
}

// A fixed policy takes arm 1 with 0.8; rewards are 1 for arm 1 in half of the rows, for arm 0 in a quarter.
std::vector<LoggedChoice> logged(double right_model) {
  std::vector<LoggedChoice> choices;
  const auto coins = uniform_stream(9, 40'000);
  for (std::size_t i = 0; i < coins.size(); i += 2) {
    const bool one = coins[i] < 0.8;
    LoggedChoice choice;
    choice.reward = coins[i + 1] < (one ? 0.5 : 0.25) ? 1 : 0;
    choice.propensity = one ? 0.8 : 0.2;
    choice.target = one ? 0.1 : 0.9;
    choice.modelled = right_model * (one ? 0.5 : 0.25);
    choice.modelled_other = right_model * (0.1 * 0.5 + 0.9 * 0.25);
    choices.push_back(choice);
  }
  return choices;
}

TEST(OffPolicy, EstimatesWhatTheOtherWayEarns) {
  constexpr double kTruth = 0.1 * 0.5 + 0.9 * 0.25;
  const auto choices = logged(1);
  const auto is_near = [&](const Result<MeanAndVariance>& estimate) {
    return std::abs(estimate->mean - kTruth) <= 4 * std::sqrt(estimate->variance / estimate->count);
  };
  EXPECT_TRUE(is_near(ips_estimate(choices)));
  EXPECT_TRUE(is_near(snips_estimate(choices)));
  EXPECT_TRUE(is_near(doubly_robust_estimate(choices)));
  EXPECT_TRUE(is_near(doubly_robust_estimate(logged(3)))) << "also with a model that is wrong";
  EXPECT_LT(snips_estimate(choices)->variance, ips_estimate(choices)->variance);
  EXPECT_LT(doubly_robust_estimate(choices)->variance, ips_estimate(choices)->variance);
}

TEST(OffPolicy, IsTheLoggedMeanForTheSameWay) {
  auto choices = logged(1);
  double sum = 0;
  for (LoggedChoice& choice : choices) {
    choice.target = choice.propensity;
    sum += choice.reward;
  }
  expect_near(ips_estimate(choices)->mean, sum / static_cast<double>(choices.size()));
  expect_near(snips_estimate(choices)->mean, sum / static_cast<double>(choices.size()));
  choices[7].propensity = 0;
  EXPECT_EQ(ips_estimate(choices).error().message(),
            "row 7: expected finite rewards, a propensity in (0, 1], a target in [0, 1]");
}

class Coins final : public Random {
 public:
  explicit Coins(std::vector<bool> heads) : heads_(std::move(heads)) {}
  std::uint64_t next() override { return heads_[next_++ % heads_.size()] ? ~std::uint64_t{0} : 0; }

 private:
  const std::vector<bool> heads_;
  std::size_t next_ = 0;
};

TEST(Interleaving, DraftsTeamsInTurns) {
  const std::vector<std::int64_t> a{1, 2, 3, 4}, b{2, 5, 1, 6};
  Coins coins({true, false, true});

  const auto drafted = team_draft(a, b, 6, coins);

  std::vector<std::int64_t> items;
  std::string teams;
  for (const DraftedItem& one : drafted) {
    items.push_back(one.item);
    teams += one.team == Team::kA ? 'a' : 'b';
  }
  EXPECT_EQ(items, (std::vector<std::int64_t>{1, 2, 5, 3, 4, 6}));
  EXPECT_EQ(teams, "abbaab");
}

RC_GTEST_PROP(Interleaving, TakesEachItemOnceAndBothTeamsAlike, ()) {
  const auto ranking = [] {
    return *rc::gen::unique<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 40));
  };
  const auto a = ranking(), b = ranking();
  SeededRandom random(*rc::gen::inRange<std::uint64_t>(0, 1000));
  const auto drafted = team_draft(a, b, *rc::gen::inRange<std::size_t>(0, 50), random);
  std::vector<std::int64_t> items;
  for (const DraftedItem& one : drafted) items.push_back(one.item);
  std::ranges::sort(items);
  RC_ASSERT(std::ranges::adjacent_find(items) == items.end());
  // While both have items, no team is ahead by more than one.
  int ahead = 0;
  for (std::size_t i = 0; i < std::min(drafted.size(), std::min(a.size(), b.size())); ++i) {
    ahead += drafted[i].team == Team::kA ? 1 : -1;
    RC_ASSERT(std::abs(ahead) <= 1);
  }
}

TEST(Interleaving, CountsReaders) {
  Preferences preferences;
  for (int i = 0; i < 27; ++i) preferences.add(2, 1);
  for (int i = 0; i < 12; ++i) preferences.add(0, 1);
  for (int i = 0; i < 11; ++i) preferences.add(1, 1);
  const Interleaving test = *interleaving_test(preferences);
  EXPECT_DOUBLE_EQ(test.difference, (27 + 5.5) / 50 - 0.5);
  expect_near(test.p, 0.023702702470473014);
  EXPECT_FALSE(interleaving_test({}));
}

}  // namespace
}  // namespace modelyard::statistics
