#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "statistics/hypotheses/means.h"
#include "statistics/hypotheses/multiplicity.h"
#include "statistics/hypotheses/proportions.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

void expect_near(double found, double expected) {
  EXPECT_NEAR(found, expected, std::abs(expected) * 1e-8);
}

void expect_near(const Interval& found, double low, double high) {
  expect_near(found.low, low);
  expect_near(found.high, high);
}

// Expected values: scipy 1.17 binomtest(...).proportion_ci.
TEST(Proportions, HaveTheIntervalsOfScipy) {
  expect_near(*wilson_interval({3, 20}, 0.05), 0.05236874589621662, 0.3604188647407569);
  expect_near(*wilson_interval({0, 30}, 0.05), 0, 0.11351339317396875);
  expect_near(*clopper_pearson_interval({3, 20}, 0.05), 0.03207093718554477, 0.37892682654529564);
  expect_near(*clopper_pearson_interval({0, 30}, 0.05), 0, 0.11570330822202743);
  EXPECT_EQ(clopper_pearson_interval({30, 30}, 0.05)->high, 1);
  EXPECT_EQ(wilson_interval({30, 30}, 0.05)->high, 1);
}

// Newcombe 1998, table II, example (a), method 10.
TEST(Proportions, HaveNewcombesIntervalOfTheirDifference) {
  const Interval found = *newcombe_interval({56, 70}, {48, 80}, 0.05);

  EXPECT_NEAR(found.low, 0.0524, 5e-5);
  EXPECT_NEAR(found.high, 0.3339, 5e-5);
}

TEST(Proportions, AreComparedByTheirPooledVariance) {
  const ZTest found = *two_proportion_test({120, 1000}, {160, 1100});

  EXPECT_NEAR(found.z, -1.7137861, 1e-7);
  EXPECT_NEAR(found.p, 0.0865680, 1e-7);
  EXPECT_EQ(two_proportion_test({5, 5}, {9, 9})->p, 1) << "nothing varies";
}

// Expected values: scipy 1.17 binomtest.
TEST(Proportions, HaveTheExactTestOfScipy) {
  expect_near(*binomial_test({3, 20}, 0.4), 0.022427038142043255);
  expect_near(*binomial_test({17, 20}, 0.4), 8.390655509266437e-05);
  expect_near(*binomial_test({0, 30}, 0.2), 0.002139809368012913);
  expect_near(*binomial_test({160, 1100}, 0.12), 0.010690954702020158);
  expect_near(*binomial_test({7, 20}, 0.4), 0.8202942122453107);
  expect_near(*binomial_test({9, 20}, 0.4), 0.6544119466255975);
  EXPECT_EQ(*binomial_test({8, 20}, 0.4), 1);
  EXPECT_EQ(*binomial_test({1, 20}, 0), 0);
}

TEST(Proportions, RefuseWhatIsNoShare) {
  EXPECT_FALSE(wilson_interval({1, 0}, 0.05).has_value());
  EXPECT_FALSE(wilson_interval({2, 1}, 0.05).has_value());
  EXPECT_FALSE(wilson_interval({1, 2}, 1).has_value());
  EXPECT_FALSE(binomial_test({1, 2}, std::nan("")).has_value());
}

TEST(WilsonInterval, HoldsTheTrueShareAboutAsOftenAsItSays) {
  int held = 0;
  const int trials = 4000;
  for (int trial = 0; trial < trials; ++trial) {
    const auto values = uniform_stream(static_cast<std::uint32_t>(trial) * 2654435761u + 3, 80);
    const auto hits = std::count_if(values.begin(), values.end(), [](double value) { return value < 0.2; });
    const Interval interval = *wilson_interval({static_cast<std::uint64_t>(hits), 80}, 0.05);
    held += interval.low <= 0.2 && 0.2 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held) / trials, 0.95, 0.015);
}

const std::vector<double> kA{.1, .4, .7, 1.1, 1.5, 2.2, 2.9, 3.3};
const std::vector<double> kB{.3, .9, 1.4, 2, 2.6, 3.1, 3.9, 4.4, 5, 5.2};

// Expected values: scipy 1.17 ttest_ind(equal_var=False), mannwhitneyu.
TEST(Means, AreComparedAsByScipy) {
  const auto welch = *welch_test(*mean_and_variance(kA), *mean_and_variance(kB), 0.05);

  expect_near(welch.t, -1.973836776701473);
  expect_near(welch.degrees, 15.673085277093165);
  expect_near(welch.p, 0.06629654917762208);
  expect_near(welch.difference, -2.8127440609281207, 0.10274406092812072);
}

TEST(MannWhitney, AgreesWithScipy) {
  auto y = uniform_stream(2, 1200);
  for (double& value : y) value = std::pow(value, 1.1);
  const auto exact = *mann_whitney_test(kA, kB), large = *mann_whitney_test(uniform_stream(1, 1000), y);
  const auto tied = *mann_whitney_test(std::vector<double>{1, 2, 2, 3}, std::vector<double>{2, 3, 3, 5, 7});

  EXPECT_EQ(exact.u, 22);
  expect_near(exact.p, 0.12198912198912198);
  EXPECT_EQ(large.u, 621912);
  expect_near(large.p, 0.13969241863698129);
  EXPECT_EQ(tied.u, 3);
  expect_near(tied.p, 0.09934224785346528);
}

// Expected values: shifts between differences at which scipy 1.17 mannwhitneyu rejects, exact and asymptotic (without the
// correction for continuity), and the median of all differences.
TEST(HodgesLehmann, HoldsTheShiftsThatTheTestDoesNotReject) {
  auto y = uniform_stream(2, 50);
  for (double& value : y) value += 0.2;
  const auto exact = *hodges_lehmann(kA, kB, 0.05), wider = *hodges_lehmann(kA, kB, 0.02);
  const auto large = *hodges_lehmann(uniform_stream(1, 60), y, 0.02);

  expect_near(exact.shift, 1.4);
  expect_near(exact.interval, -0.2, 3.0);
  expect_near(wider.interval, -0.7, 3.5);
  expect_near(large.shift, 0.23241018846165387);
  expect_near(large.interval, 0.09970540441572667, 0.37464810842648144);
}

TEST(HodgesLehmann, KnowsNothingFromFewValues) {
  const auto few = *hodges_lehmann(std::vector<double>{.1, .4}, std::vector<double>{.3, .9}, 0.02);
  expect_near(few.shift, 0.35);
  EXPECT_TRUE(std::isinf(few.interval.low) && std::isinf(few.interval.high));
  EXPECT_FALSE(hodges_lehmann(uniform_stream(1, 3000), uniform_stream(2, 3000), 0.02).has_value());
  EXPECT_FALSE(hodges_lehmann(kA, kB, 0).has_value());
}

TEST(Means, KeepTheirDigits) {
  const std::vector<double> same(10, 0.1), also(7, 0.1);
  EXPECT_FALSE(welch_test(*mean_and_variance(same), *mean_and_variance(also), 0.05).has_value()) << "nothing varies";
  auto a = uniform_stream(1, 99), b = uniform_stream(2, 99);
  const double t = welch_test(*mean_and_variance(a), *mean_and_variance(b), 0.05)->t;
  for (double& value : a) value += 1e6;
  for (double& value : b) value += 1e6;
  EXPECT_NEAR(welch_test(*mean_and_variance(a), *mean_and_variance(b), 0.05)->t, t, 1e-7);
}

TEST(Proportions, KeepTheirDigitsAtTheEdges) {
  expect_near(*binomial_test({1, 10'000'000'000}, 1e-17), 9.9999995e-8);
  expect_near(*binomial_test({1, 10}, 1e-300), 1e-299);
  EXPECT_GT(*binomial_test({(std::uint64_t{1} << 51) - 1000, std::uint64_t{1} << 52}, 0.5), 0.9);
  EXPECT_FALSE(binomial_test({1, std::uint64_t{1} << 53}, 0.5).has_value());
  const Interval wide = *wilson_interval({3, 10}, 1e-17);
  EXPECT_GT(wide.low, 0);
  EXPECT_LT(wide.high, 1);
  EXPECT_LT(clopper_pearson_interval({0, 5}, 1e-17)->high, 1);
  EXPECT_GT(std::abs(two_proportion_test({1ull << 51, 1ull << 52}, {1ull << 51, 1ull << 51})->z), 1e6);
}

TEST(Means, RefuseWhatCannotBeCompared) {
  const std::vector<double> same{2, 2, 2}, infinite{1, std::numeric_limits<double>::infinity()};

  EXPECT_FALSE(welch_test(*mean_and_variance(same), *mean_and_variance(same), 0.05).has_value());
  EXPECT_FALSE(mean_and_variance(std::vector{1.0}).has_value());
  EXPECT_FALSE(mann_whitney_test(infinite, kA).has_value());
  EXPECT_EQ(mann_whitney_test(same, same)->p, 1);
}

int rejections(const std::vector<double>& adjusted) {
  return static_cast<int>(std::count_if(adjusted.begin(), adjusted.end(), [](double p) { return p <= 0.05; }));
}

// Benjamini & Hochberg 1995, section 3.2.
TEST(Multiplicity, RejectsWhatWeighsMoreSooner) {
  const std::vector<double> p{0.01, 0.02, 0.03, 0.5};

  EXPECT_EQ(weighted_benjamini_hochberg_adjusted(p, std::vector<double>(4, 7.0)), benjamini_hochberg_adjusted(p));
  // p/w with weights of mean 1 is 0.04, 0.008, 0.06, 1: scipy.stats.false_discovery_control, scipy 1.17.
  const auto adjusted = weighted_benjamini_hochberg_adjusted(p, std::vector<double>{1, 10, 2, 3});
  expect_near(adjusted[0], 0.08);
  expect_near(adjusted[1], 0.032);
  expect_near(adjusted[2], 0.08);
  expect_near(adjusted[3], 2.0 / 3);
  EXPECT_EQ(weighted_benjamini_hochberg_adjusted(p, std::vector<double>{0, 1, 1, 1})[0], 1);
  EXPECT_EQ(weighted_benjamini_hochberg_adjusted(p, std::vector<double>(4, 0.0)), std::vector<double>(4, 1.0));
}

// Weighted step-up keeps the share of false rejections: of 20 true hypotheses, one of which is thought to matter most,
// any is rejected in a share alpha of the families.
TEST(Multiplicity, WeightsKeepTheRateOfFalseRejections) {
  constexpr int kFamilies = 20'000, kTests = 20;
  std::vector<double> weights(kTests, 1.0);
  weights.front() = 30;
  const auto uniform = uniform_stream(11, kFamilies * kTests);
  int rejected = 0;
  for (int i = 0; i < kFamilies; ++i) {
    const std::span family(uniform.data() + i * kTests, kTests);
    const auto adjusted = weighted_benjamini_hochberg_adjusted(family, weights);
    rejected += *std::min_element(adjusted.begin(), adjusted.end()) < 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(rejected / double{kFamilies}, 0.05, 3 * std::sqrt(0.05 * 0.95 / kFamilies));
}

TEST(Multiplicity, RejectsAsInThePaper) {
  const std::vector<double> p{.4262, .0001, .0004, .0019, .0095, .0201, .0278, .0298,
                              .0344, .0459, .3240, .5719, .6528, .7590, 1};

  EXPECT_EQ(rejections(bonferroni_adjusted(p)), 3);
  EXPECT_EQ(rejections(holm_adjusted(p)), 3);
  EXPECT_EQ(rejections(benjamini_hochberg_adjusted(p)), 4);
  EXPECT_EQ(rejections(benjamini_yekutieli_adjusted(p)), 3);
  expect_near(benjamini_hochberg_adjusted(p)[4], 0.035625);  // scipy 1.17 false_discovery_control
  expect_near(benjamini_hochberg_adjusted(p)[0], 0.5811818181818181);
  expect_near(benjamini_yekutieli_adjusted(p)[4], 0.11821190788378289);
  expect_near(holm_adjusted(p)[3], 0.0019 * 13);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

}  // namespace
}  // namespace modelyard::statistics
