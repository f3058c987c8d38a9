#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>

#include "statistics/sequential/alpha_spending.h"
#include "statistics/sequential/confidence_sequences.h"
#include "statistics/sequential/e_values.h"
#include "statistics/sequential/mixture_test.h"
#include "statistics/sequential/mixtures.h"
#include "statistics/sequential/quantile_comparison.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

constexpr double kAlpha = 0.05;

void expect_near(double actual, double expected, double relative = 1e-6) {
  EXPECT_NEAR(actual, expected, std::abs(expected) * relative);
}

std::unique_ptr<Mixture> made(Result<std::unique_ptr<Mixture>> mixture) {
  EXPECT_TRUE(mixture) << mixture.error().message();
  return std::move(*mixture);
}

// confseq, test/uniform_boundaries_unittest.cpp: tuned for a variance of 100, alpha 0.05.
TEST(Mixtures, AreThoseOfTheirAuthors) {
  struct Row {
    const char* name;
    std::unique_ptr<Mixture> mixture;
    double log_e, bound;  // of the sum 10 and the variance 100
  };
  const Tuning one{100, kAlpha, Sides::kOne}, two{100, kAlpha, Sides::kTwo};
  Row rows[] = {{"normal", made(normal_mixture(two)), -0.6510052, 30.35209},
                {"normal, one side", made(normal_mixture(one)), -0.06502391, 27.66071},
                {"gamma-exponential", made(gamma_exponential_mixture(one, 2)), -0.2490165, 33.02017},
                {"beta-binomial", made(beta_binomial_mixture(two, 0.2, 0.8)), -0.6941012, 31.4308},
                {"beta-binomial, one side", made(beta_binomial_mixture(one, 0.2, 0.8)), -0.07134019, 28.41238}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_NEAR(row.mixture->log_e(10, 100), row.log_e, 1e-7);
    EXPECT_NEAR(row.mixture->bound(100, kAlpha), row.bound, 1e-5);
  }
  EXPECT_NEAR(poly_stitched_bound(100, kAlpha, 10, 3).value(), 64.48755, 1e-5);
  EXPECT_NEAR(poly_stitched_bound(100, kAlpha, 10, -1).value(), 28.99389, 1e-5);
}

RC_GTEST_PROP(Mixtures, CrossTheirBoundWhereTheEvidenceIsEnough, ()) {
  const double variance = *rc::gen::inRange(1, 100'000) / 10.0;
  const double alpha = *rc::gen::inRange(1, 400) / 1000.0;
  const auto mixture = *normal_mixture({50, kAlpha, *rc::gen::element(Sides::kOne, Sides::kTwo)});
  const double bound = mixture->bound(variance, alpha);
  RC_ASSERT(mixture->log_e(bound, variance) >= -std::log(alpha) - 1e-9);
  RC_ASSERT(mixture->log_e(bound * (1 - 1e-6), variance) < -std::log(alpha));
}

TEST(Mixtures, RefuseWhatHasNoBoundary) {
  EXPECT_FALSE(normal_mixture({0, kAlpha}));
  EXPECT_FALSE(normal_mixture({100, 1}));
  EXPECT_FALSE(normal_mixture({100, 0.5, Sides::kOne}));
  EXPECT_FALSE(gamma_exponential_mixture({100, kAlpha, Sides::kTwo}, 2));
  EXPECT_FALSE(gamma_exponential_mixture({100, kAlpha, Sides::kOne}, 0));
  EXPECT_FALSE(beta_binomial_mixture({100, kAlpha}, 0, 1));
  EXPECT_FALSE(poly_stitched_bound(100, 0, 10, 1));
}

// confseq, bernoulli_confidence_interval.
TEST(ConfidenceSequences, OfSharesAreThoseOfTheirAuthors) {
  struct Row {
    Share share;
    double at, low, high;
  };
  for (const Row& row :
       {Row{{700, 1000}, 100, 0.6516298138699315, 0.7459495007849842},
        Row{{15, 50}, 50, 0.12955699497505443, 0.5118964025364764},
        Row{{5, 50}, 50, 0.013021760005847573, 0.26926466715105807}, Row{{1, 50}, 50, 0, 0.13489158668179282}}) {
    const Interval interval = *bernoulli_sequence(row.share, kAlpha, row.at);
    EXPECT_NEAR(interval.low, row.low, 1e-9);
    EXPECT_NEAR(interval.high, row.high, 1e-9);
  }
  EXPECT_EQ(bernoulli_sequence({0, 0}, kAlpha)->high, 1);
  EXPECT_EQ(bernoulli_sequence({0, 40}, kAlpha)->low, 0);
  EXPECT_EQ(bernoulli_sequence({40, 40}, kAlpha)->high, 1);
  EXPECT_FALSE(bernoulli_sequence({41, 40}, kAlpha));
}

// confseq's predmix.py on the stream 1{u < 0.3} of seed 11.
TEST(ConfidenceSequences, OfBoundedValuesAreThoseOfTheirAuthors) {
  EmpiricalBernstein sequence(kAlpha);
  EXPECT_EQ(sequence.interval().high, 1);
  std::size_t seen = 0;
  for (const double u : uniform_stream(11, 1000)) {
    sequence.add(u < 0.3 ? 1 : 0);
    ++seen;
    if (seen == 10) {
      EXPECT_EQ(sequence.interval().low, 0);
      EXPECT_EQ(sequence.interval().high, 1);
    } else if (seen == 100) {
      EXPECT_NEAR(sequence.interval().low, 0.1840461, 1e-7);
      EXPECT_NEAR(sequence.interval().high, 0.5237935, 1e-7);
    }
  }
  EXPECT_NEAR(sequence.interval().low, 0.2317722, 1e-7);
  EXPECT_NEAR(sequence.interval().high, 0.3472337, 1e-7);
}

TEST(ConfidenceSequences, OfMeansAreThoseOfTheFormulas) {
  // Variance 0.272·0.728·1000/999 of the stream above; ρ² = 0.01 is the tightest at (5.99 + ln 6.99)/0.01 values.
  const double evidence = -2 * std::log(kAlpha), at = (evidence + std::log1p(evidence)) / 0.01;
  const Interval interval = *asymptotic_sequence({1000, 0.272, 0.272 * 0.728}, kAlpha, at);
  EXPECT_NEAR((interval.high - interval.low) / 2, 0.04274752, 1e-8);
  EXPECT_FALSE(asymptotic_sequence({99, 0.5, 0.1}, kAlpha));

  // u(t/4)/t with the normal mixture of the vectors above: 30.35209/400 at a variance of 100.
  const Interval bounded = *bounded_mean_sequence(0.5, 400, kAlpha, 400);
  EXPECT_NEAR(bounded.high - 0.5, 30.35209 / 400, 1e-7);
}

TEST(MixtureTest, GivesTheEvidenceOfTheFormula) {
  // V = σ²ₓ + σ²ᵧ = 0.5, τ² = 0.01, d = 0.05 after n pairs.
  struct Row {
    double n, e;
  };
  for (const Row& row : {Row{100, 0.6820588}, Row{1000, 2.3600697}, Row{5000, 23592.34}}) {
    const SequentialTest test = mixture_test(0.05, 0.5 / row.n, 0.1, kAlpha);
    expect_near(std::exp(test.log_e), row.e);
    expect_near(test.p, std::min(1.0, 1 / row.e));
    // The interval leaves zero when the evidence is enough, and not before.
    EXPECT_EQ(test.interval.low > 0, test.log_e > -std::log(kAlpha));
  }
}

TEST(MixtureTest, IsTheSameForCountsAndForTheirMeans) {
  const Share a{300, 1000}, b{420, 1200};
  const SequentialTest shares = *sequential_share_test(a, b, 0.05, kAlpha);
  const SequentialTest means = *sequential_mean_test({1000, 0.3, 0.3 * 0.7}, {1200, 0.35, 0.35 * 0.65}, 0.05, kAlpha);
  EXPECT_DOUBLE_EQ(shares.log_e, means.log_e);
  EXPECT_DOUBLE_EQ(shares.interval.low, means.interval.low);
}

TEST(MixtureTest, SaysNothingOfFewRows) {
  EXPECT_EQ(sequential_share_test({99, 1000}, {300, 1000}, 0.05, kAlpha).error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(sequential_mean_test({99, 0, 1}, {500, 0, 1}, 0.05, kAlpha).error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(sequential_mean_test({500, 0, 1}, {500, 0, 1}, 0, kAlpha).error().code(), Code::kInvalidArgument);
}

TEST(MixtureTest, KeepsTheLeastP) {
  AlwaysValidP p;
  p.add(std::log(40.0));
  p.add(std::log(2.0));
  EXPECT_DOUBLE_EQ(p.p(), 1.0 / 40);
}

// confseq, test of quantile_ab_p_value: a = 1 … 1000, b = a + offset.
TEST(QuantileComparison, IsThatOfItsAuthors) {
  struct Row {
    double share, offset, p;
  };
  std::vector<double> a(1000);
  std::iota(a.begin(), a.end(), 1.0);
  for (const Row& row : {Row{0.5, 70, 0.81470435902687}, Row{0.5, 85, 0.08380549521149523},
                         Row{0.5, 100, 0.005494701248087104}, Row{0.9, 55, 0.03404630458268191}}) {
    std::vector<double> b = a;
    for (double& value : b) value += row.offset;
    const QuantileComparison comparison = *compare_quantiles(a, b, row.share);
    expect_near(comparison.p, row.p);
    expect_near(compare_quantiles(b, a, row.share)->p, row.p);
    EXPECT_EQ(comparison.of_b - comparison.of_a, row.offset);
  }
}

TEST(QuantileComparison, KnowsTiesAndRefusesWhatIsNoSample) {
  const std::vector<double> same(500, 3.0);
  EXPECT_EQ(compare_quantiles(same, same, 0.99)->p, 1);
  EXPECT_FALSE(compare_quantiles(same, {}, 0.5));
  EXPECT_FALSE(compare_quantiles(same, std::vector<double>{NAN}, 0.5));
  EXPECT_FALSE(compare_quantiles(same, same, 1));
}

TEST(EValues, AreMerged) {
  const std::vector<double> log_e{std::log(2.0), std::log(4.0), std::log(0.5)};
  expect_near(std::exp(mean_of(log_e)), 6.5 / 3);
  expect_near(std::exp(product_of(log_e)), 4);
  EXPECT_EQ(mean_of(std::vector<double>{-INFINITY, -INFINITY}), -INFINITY);
  expect_near(mean_of(std::vector<double>{800, 800}), 800);  // beyond what a double holds
}

TEST(EValues, RejectAsBenjaminiAndHochbergDo) {
  // E ≥ 4/(k·0.05): 80 for one, 40 for two of four.
  const auto rejected = [](std::vector<double> e) {
    for (double& value : e) value = std::log(value);
    return e_benjamini_hochberg(e, kAlpha);
  };
  EXPECT_EQ(rejected({1, 79, 2, 3}), (std::vector<bool>{false, false, false, false}));
  EXPECT_EQ(rejected({41, 1, 40, 3}), (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(rejected({}), std::vector<bool>());
}

TEST(EValues, SeeASplitThatIsNotThePromisedOne) {
  // Closed forms by scipy.special.gammaln, scipy 1.17. The counts are those of Kohavi, Tang & Xu, ch. 3.
  expect_near(*split_log_e(std::vector<std::uint64_t>{821'588, 815'482}, std::vector{0.5, 0.5}), 6.532367669045925);
  expect_near(*split_log_e(std::vector<std::uint64_t>{480, 310, 210}, std::vector{0.5, 0.3, 0.2}), -1.6815765450401159);
  EXPECT_FALSE(split_log_e(std::vector<std::uint64_t>{1, 2}, std::vector{0.5, 0.4}));
  EXPECT_FALSE(split_log_e(std::vector<std::uint64_t>{1, 2}, std::vector{1.0}));
}

// Lan & DeMets' program, two-sided 0.05, five equal looks; and by Gauss–Legendre quadrature with 400 nodes.
TEST(AlphaSpending, GivesThePublishedBoundaries) {
  const std::vector<double> looks{0.2, 0.4, 0.6, 0.8, 1};
  const auto obrien = *spending_boundaries(Spending::kObrienFleming, kAlpha, looks);
  const auto pocock = *spending_boundaries(Spending::kPocock, kAlpha, looks);
  const std::vector<double> of_obrien{4.876884948790766, 3.3570119215746534, 2.6802800645450033, 2.2898167677119683,
                                      2.031032043310074};
  const std::vector<double> of_pocock{2.4379766880500116, 2.426813858150107, 2.4101938402713103, 2.3966454006487217,
                                      2.385984571622539};
  for (std::size_t i = 0; i < looks.size(); ++i) {
    expect_near(obrien[i], of_obrien[i]);
    expect_near(pocock[i], of_pocock[i]);
  }
  const auto uneven = *spending_boundaries(Spending::kObrienFleming, 0.01, std::vector{0.3, 0.5, 1.0});
  expect_near(uneven[1], 3.8017518080828347);
  EXPECT_DOUBLE_EQ(spent(Spending::kPocock, kAlpha, 1), kAlpha);
  expect_near(spent(Spending::kObrienFleming, kAlpha, 1), kAlpha);
}

TEST(AlphaSpending, RefusesLooksThatDoNotAscend) {
  EXPECT_FALSE(spending_boundaries(Spending::kPocock, kAlpha, std::vector{0.5, 0.5}));
  EXPECT_FALSE(spending_boundaries(Spending::kPocock, kAlpha, std::vector{0.5, 1.1}));
  EXPECT_FALSE(spending_boundaries(Spending::kPocock, 0, std::vector{1.0}));
}

}  // namespace
}  // namespace modelyard::statistics
