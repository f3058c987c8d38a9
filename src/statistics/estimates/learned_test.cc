#include "statistics/estimates/learned.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

TEST(BinnedFeatures, HaveAColumnForEachBinAndForWhatIsMissing) {
  std::vector<double> rows;
  for (int i = 0; i < 100; ++i) rows.insert(rows.end(), {i * 1.0, std::nan("")});
  const BinnedFeatures features = *BinnedFeatures::make(rows, 2, 4);

  const auto active =
      features.encode_rows(std::vector<double>{-1, std::nan(""), 0, 5, 99, -5, std::nan(""), 5, 1e9, 5});

  EXPECT_EQ(features.columns(), 10u);  // below, 4, above, missing; below 0, from 0 on, missing
  EXPECT_EQ(active, (std::vector<std::uint32_t>{0, 9, 1, 8, 4, 7, 6, 8, 5, 8}));
  EXPECT_FALSE(BinnedFeatures::make(rows, 3, 4).has_value());
  EXPECT_FALSE(BinnedFeatures::make({}, 1, 4).has_value());
}

TEST(LinearModels, RefuseWhatCannotBeFitted) {
  const std::vector<std::uint32_t> active{0, 1, 0};
  const Encoded rows{active, 1, 2};
  EXPECT_FALSE(fit_ridge(rows, std::vector<double>{1, 2}, 1).has_value());
  EXPECT_FALSE(fit_ridge(rows, std::vector<double>{1, 2, std::nan("")}, 1).has_value());
  EXPECT_FALSE(fit_ridge(rows, std::vector<double>{1, 2, 3}, 0).has_value());
  EXPECT_FALSE(fit_logistic(rows, std::vector<std::uint8_t>{1, 1, 1}, 1).has_value());
  EXPECT_FALSE(fit_ridge({}, {}, 1).has_value());
}

TEST(LinearModels, StayFiniteWhenAColumnDecides) {
  std::vector<std::uint32_t> active;
  std::vector<std::uint8_t> labels;
  for (std::uint32_t i = 0; i < 200; ++i) {
    active.push_back(i % 2);
    labels.push_back(i % 2);
  }
  const LinearModel model = *fit_logistic({active, 1, 2}, labels, 1e-6);

  EXPECT_GT(model(std::vector<std::uint32_t>{1}), 5);
  EXPECT_LT(model(std::vector<std::uint32_t>{0}), -5);
  EXPECT_TRUE(std::isfinite(model.intercept));
}

TEST(DomainClassifier, IsNearAHalfWhenNothingHasChanged) {
  int beyond = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const auto values = uniform_stream(seed * 2654435761u + 9, 3 * 800);
    const auto found = *domain_classifier(std::span(values).first(1200), std::span(values).last(1200), 3);
    beyond += std::abs(found.auc - 0.5) > 1.96 * found.standard_error ? 1 : 0;
  }
  EXPECT_LE(beyond, 9);  // 5 % of 60, and three deviations of that
}

// Each feature alone is as before; together they are not: x + y moves.
TEST(DomainClassifier, FindsAShiftThatIsSpreadOverFeatures) {
  const auto values = uniform_stream(3, 5 * 2000);
  std::vector<double> reference(values.begin(), values.begin() + 5000), current(values.begin() + 5000, values.end());
  for (double& value : current) value += 0.08;

  const auto found = *domain_classifier(reference, current, 5);

  EXPECT_GT(found.auc, 0.5 + 5 * found.standard_error);
}

TEST(DomainClassifier, RefusesTooFewRows) {
  EXPECT_FALSE(domain_classifier(std::vector<double>(9, 1.0), std::vector<double>(50, 1.0), 1).has_value());
  EXPECT_FALSE(domain_classifier(std::vector<double>(10, 1.0), std::vector<double>(10, 1.0), 3).has_value());
}

TEST(AreaUnderRoc, CountsTiesHalf) {
  EXPECT_EQ(area_under_roc(std::vector<double>{2, 3}, std::vector<double>{1, 2}), 0.875);
  EXPECT_EQ(area_under_roc(std::vector<double>{1, 1}, std::vector<double>{1, 1}), 0.5);
}

// The model is off by x² at x; where the inputs go, its error goes.
TEST(LossEstimate, FollowsTheInputs) {
  const auto draws = uniform_stream(4, 2 * 4000);
  std::vector<double> rows, losses, moved;
  double expected = 0;
  for (std::size_t i = 0; i < 4000; ++i) {
    const double x = draws[2 * i], error = x * x * (0.5 + draws[2 * i + 1]);
    rows.insert(rows.end(), {x, 2 * x});
    losses.push_back(error);
    const double later = 0.6 + 0.4 * x;
    moved.insert(moved.end(), {later, 2 * later});
    expected += later * later / 4000;
  }
  const LossEstimate estimate = *LossEstimate::fit(rows, 2, losses);

  EXPECT_NEAR(*estimate.mean_loss(rows), 1.0 / 3, 0.01);
  EXPECT_NEAR(*estimate.mean_loss(moved), expected, 0.03);
  EXPECT_FALSE(estimate.mean_loss(std::vector<double>{1}).has_value());
}

}  // namespace
}  // namespace modelyard::statistics
