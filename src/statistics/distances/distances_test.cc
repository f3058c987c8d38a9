#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "statistics/distances/binned.h"
#include "statistics/distances/chi_square.h"
#include "statistics/distances/mmd.h"
#include "statistics/distances/samples.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_near(double found, double expected) {
  EXPECT_NEAR(found, expected, std::abs(expected) * 1e-8);
}

BinnedPair binned(std::vector<double> reference, std::vector<double> current) {
  return *BinnedPair::make(reference, current);
}

// Expected values: numpy, from the formulas.
TEST(BinnedDistances, AreThoseOfTheirFormulas) {
  const BinnedPair pair = binned({.1, .2, .3, .25, .15}, {.05, .25, .2, .3, .2});

  expect_near(psi(pair), 0.1098612289);
  EXPECT_NEAR(kl_divergence(pair), 0.0575928402, 1e-9);
  EXPECT_NEAR(js_distance(pair, Logarithm::kNatural), 0.1166314175, 1e-9);
  EXPECT_NEAR(js_distance(pair, Logarithm::kBinary), 0.1400886091, 1e-9);
  EXPECT_NEAR(js_divergence(pair, Logarithm::kBinary), 0.0196248184, 1e-9);
  EXPECT_NEAR(hellinger_distance(pair), 0.1169067592, 1e-9);
  EXPECT_NEAR(total_variation_distance(pair), 0.15, 1e-12);
  EXPECT_NEAR(l_infinity_distance(pair), 0.1, 1e-12);
}

TEST(BinnedDistances, TakeCountsAndSharesAlike) {
  const BinnedPair counts = binned({10, 20, 30}, {5, 5, 10}), shares = binned({1.0 / 6, 1.0 / 3, .5}, {.25, .25, .5});

  expect_near(psi(counts), psi(shares));
}

TEST(BinnedDistances, AreBoundedWhenNothingIsShared) {
  const BinnedPair apart = binned({1, 0}, {0, 1});

  expect_near(js_divergence(apart, Logarithm::kNatural), std::numbers::ln2);
  expect_near(js_divergence(apart, Logarithm::kBinary), 1);
  expect_near(hellinger_distance(apart), 1);
  const double least = kLeastShare / (1 + kLeastShare), rest = 1 - least;
  expect_near(psi(apart), 2 * (rest - least) * std::log(rest / least));
}

TEST(BinnedDistances, KnowManyEmptyBins) {
  std::vector<double> left(20'000, 0.0), right(20'000, 0.0), spread(1001, 1e-4), narrow(1001, 0.0);
  std::fill(left.begin(), left.begin() + 10'000, 1);
  std::fill(right.begin() + 10'000, right.end(), 1);
  spread[0] = 0.9;
  narrow[0] = 1;

  EXPECT_GT(psi(binned(left, right)), 0.5);
  EXPECT_GT(kl_divergence(binned(spread, narrow)), 0) << "no divergence is below zero";
}

TEST(BinnedDistances, RefuseWhatIsNoDistribution) {
  const auto refusal = [](std::vector<double> p, std::vector<double> q) { return !BinnedPair::make(p, q).has_value(); };

  EXPECT_TRUE(refusal({1}, {1}));
  EXPECT_TRUE(refusal({1, 2}, {1, 2, 3}));
  EXPECT_TRUE(refusal({1, -1}, {1, 1}));
  EXPECT_TRUE(refusal({1, kNaN}, {1, 1}));
  EXPECT_TRUE(refusal({1, std::numeric_limits<double>::infinity()}, {1, 1}));
  EXPECT_TRUE(refusal({0, 0}, {1, 1}));
}

// Yurdakul 2018: chi-square of bins − 1, times 1/N + 1/M.
TEST(Psi, HasAThresholdThatFallsWithTheRows) {
  EXPECT_NEAR(psi_critical(10, 1000, 1000, 0.05), 0.0338380, 1e-7);
  EXPECT_NEAR(psi_critical(10, 10'000, 10'000, 0.05), 0.0033838, 1e-7);
}

RC_GTEST_PROP(BinnedDistances, AreSymmetricAndZeroForEqualSides, ()) {
  std::vector<double> p, q;
  for (int i = 0; i < *rc::gen::inRange(2, 20); ++i) {
    p.push_back(*rc::gen::inRange(1, 1000));
    q.push_back(*rc::gen::inRange(1, 1000));
  }
  const BinnedPair there = binned(p, q), back = binned(q, p), same = binned(p, p);
  for (const auto distance : {hellinger_distance, total_variation_distance, l_infinity_distance}) {
    RC_ASSERT(std::abs(distance(there) - distance(back)) < 1e-12);
    RC_ASSERT(distance(same) == 0);
  }
  RC_ASSERT(std::abs(psi(there) - psi(back)) < 1e-9);
  RC_ASSERT(std::abs(psi(there) - kl_divergence(there) - kl_divergence(back)) < 1e-9);
  RC_ASSERT(js_divergence(same, Logarithm::kNatural) < 1e-12);
}

const std::vector<double> kA{.1, .4, .7, 1.1, 1.5, 2.2, 2.9, 3.3};
const std::vector<double> kB{.3, .9, 1.4, 2, 2.6, 3.1, 3.9, 4.4, 5, 5.2};

std::vector<double> powered(std::vector<double> values, double exponent) {
  for (double& value : values) value = std::pow(value, exponent);
  return values;
}

// Expected values: scipy 1.17 ks_2samp(method="exact"), special.kolmogorov, wasserstein_distance, energy_distance.
TEST(SampleDistances, AgreeWithScipy) {
  const auto x = *sorted_sample(uniform_stream(1, 1000)), y = *sorted_sample(powered(uniform_stream(2, 1200), 1.1));

  expect_near(ks_statistic(kA, kB), 0.4);
  expect_near(ks_exact_p(0.4, 8, 10), 0.39174550939256825);
  expect_near(ks_limit_p(0.4, 8, 10), 0.4755937630041417);
  expect_near(wasserstein_distance(kA, kB), 1.355);
  expect_near(normed_wasserstein_distance(kA, kB), 1.2334119438792488);
  expect_near(energy_distance(kA, kB), 0.8979142498033986);

  expect_near(ks_statistic(x, y), 0.042166666666666665);
  expect_near(ks_exact_p(ks_statistic(x, y), 1000, 1200), 0.2784793588859773);
  expect_near(ks_limit_p(ks_statistic(x, y), 1000, 1200), 0.2866497194465459);
  expect_near(normed_wasserstein_distance(x, y), 0.06416777380889127);
  expect_near(energy_distance(x, y), 0.02964438600162862);
}

TEST(SampleDistances, CountEqualValuesOnce) {
  const std::vector<double> p{1, 2, 2, 3}, q{2, 3, 3, 5, 7};

  expect_near(ks_statistic(p, q), 0.55);
  expect_near(ks_exact_p(0.55, 4, 5), 0.4285714285714286);
  expect_near(wasserstein_distance(p, q), 2);
  expect_near(energy_distance(p, q), 1.2369316876852983);
}

TEST(SampleDistances, KeepTheDigitsOfSmallProbabilities) {
  expect_near(ks_exact_p(1, 8, 8), 0.00015540015540015537);
  EXPECT_GT(ks_exact_p(1, 500, 500), 0);
  EXPECT_EQ(ks_exact_p(0, 8, 10), 1);
}

TEST(SampleDistances, AreZeroForTheSameSampleAndForOneValue) {
  const std::vector<double> one{4}, constant{4, 4, 4};
  for (const auto distance : {ks_statistic, wasserstein_distance, energy_distance}) {
    EXPECT_EQ(distance(kA, kA), 0);
    EXPECT_EQ(distance(one, constant), 0);
  }
  EXPECT_EQ(normed_wasserstein_distance(constant, one), 0);
}

TEST(SampleDistances, RefuseWhatCannotBeSorted) {
  EXPECT_FALSE(sorted_sample({}).has_value());
  EXPECT_FALSE(sorted_sample(std::vector{1.0, kNaN}).has_value());
  EXPECT_EQ(*sorted_sample(std::vector{3.0, 1.0}), (std::vector{1.0, 3.0}));
}

TEST(KolmogorovSmirnov, HasACriticalValueAtItsLevel) {
  const double critical = ks_critical(1000, 2000, 0.05);

  EXPECT_NEAR(ks_limit_p(critical, 1000, 2000), 0.05, 1e-9);
  EXPECT_NEAR(critical, 1.3581 * std::sqrt(3.0 / 2000), 1e-5);  // the printed table's 1.3581 for 5 %
}

TEST(KolmogorovSmirnov, RejectsUnchangedDataAsOftenAsItSays) {
  int rejected = 0;
  const int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    const auto values = uniform_stream(static_cast<std::uint32_t>(trial) * 2654435761u + 7, 140);
    const auto p = *sorted_sample(std::span(values).first(60)), q = *sorted_sample(std::span(values).last(80));
    rejected += ks_exact_p(ks_statistic(p, q), 60, 80) <= 0.05 ? 1 : 0;
  }
  EXPECT_LE(rejected, 0.05 * trials + 3 * std::sqrt(trials * 0.05 * 0.95));
  EXPECT_GE(rejected, 0.03 * trials);  // D takes few values, so that it is a little below its level
}

// Expected values: scipy 1.17 chi2_contingency(correction=False), chisquare.
TEST(ChiSquare, AgreesWithScipy) {
  const std::vector<double> reference{50, 30, 20}, current{60, 50, 40};

  const auto two = *chi_square_two_samples(reference, current), fit = *chi_square_fit(reference, current);

  expect_near(two.statistic, 2.683080808080808);
  expect_near(two.p, 0.26144263095457165);
  EXPECT_EQ(two.degrees, 2);
  expect_near(fit.statistic, 6.888888888888889);
  expect_near(fit.p, 0.031922491834895705);
}

TEST(ChiSquare, KnowsNewAndEmptyCategories) {
  const std::vector<double> reference{50, 50, 0, 0}, current{50, 40, 10, 0};

  EXPECT_EQ(chi_square_fit(reference, current)->p, 0);
  EXPECT_EQ(chi_square_two_samples(reference, current)->degrees, 2) << "a category without rows does not count";
  EXPECT_FALSE(chi_square_fit(std::vector{0.0, 0.0}, std::vector{1.0, 2.0}).has_value());
  EXPECT_FALSE(chi_square_two_samples(std::vector{5.0, 0.0}, std::vector{2.0, 0.0}).has_value());
  EXPECT_FALSE(chi_square_two_samples(std::vector{5.0, kNaN}, std::vector{2.0, 1.0}).has_value());
}

// Expected values: numpy, from the formulas.
TEST(Mmd, IsThatOfItsFormula) {
  const std::vector<double> x{0, 1, 2, 3}, y{1, 2, 4, 5};

  const auto found = *mmd_squared({x, 1}, {y, 1}, 1);

  EXPECT_NEAR(found.unbiased, -0.1208906178, 1e-9);
  EXPECT_NEAR(found.biased, 0.2344293155, 1e-9);
}

TEST(Mmd, RefusesRowsThatDoNotFit) {
  const std::vector<double> x{0, 1, 2, 3}, short_row{1, 2, 3};

  EXPECT_FALSE(mmd_squared({x, 2}, {short_row, 2}, 1).has_value());
  EXPECT_FALSE(mmd_squared({x, 2}, {x, 1}, 1).has_value());
  EXPECT_FALSE(mmd_squared({x, 4}, {x, 4}, 1).has_value()) << "one row";
  EXPECT_FALSE(mmd_squared({x, 1}, {x, 1}, 0).has_value());
  EXPECT_FALSE(median_sigma({std::vector{1.0, 1.0}, 1}, {std::vector{1.0, 1.0}, 1}).has_value());
}

TEST(Mmd, IsApproximatedByRandomFeaturesThatMerge) {
  const auto x = uniform_stream(3, 400);
  auto y = uniform_stream(4, 400);
  for (double& value : y) value += 0.5;
  const double sigma = *median_sigma({x, 2}, {y, 2});
  const double exact = mmd_squared({x, 2}, {y, 2}, sigma)->biased;
  const auto features = std::make_shared<const RandomFeatures>(2, 1024, sigma, 1);
  MeanEmbedding of_x(features), of_y(features), other_half(features);

  for (std::size_t i = 0; i < x.size(); i += 2) {
    of_x.add(std::span(x).subspan(i, 2));
    (i < 200 ? of_y : other_half).add(std::span(y).subspan(i, 2));
  }
  of_y.merge(other_half);

  EXPECT_EQ(of_y.count(), 200u);
  EXPECT_NEAR(MeanEmbedding::distance(of_x, of_y), exact, 2 / std::sqrt(1024.0));
  EXPECT_GT(exact, 0.3);
}

}  // namespace
}  // namespace modelyard::statistics
