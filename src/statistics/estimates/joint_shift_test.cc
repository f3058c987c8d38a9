#include "statistics/estimates/joint_shift.h"

#include <gtest/gtest.h>

#include <cmath>

#include "statistics/probability.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

constexpr double kNormalAlpha = 0.01;

// Rows of `width` standard normal features, the first two with this correlation.
std::vector<double> rows_of(std::uint32_t seed, std::size_t count, std::size_t width, double correlation = 0) {
  std::vector<double> rows = uniform_stream(seed * 2654435761u + 7, count * width);
  for (double& value : rows) value = normal_quantile(std::min(std::max(value, 1e-9), 1 - 1e-9));
  for (std::size_t at = 0; at < rows.size(); at += width) {
    rows[at + 1] = correlation * rows[at] + std::sqrt(1 - correlation * correlation) * rows[at + 1];
  }
  return rows;
}

JointShift shift_of(const std::vector<double>& reference, const std::vector<double>& current, std::size_t width) {
  return *joint_shift(reference, current, width, {.alpha = kNormalAlpha});
}

// Each feature alone is as it was: no sum over features tells the sides apart.
TEST(JointShift, FindsACorrelationThatFlipsWhileEachFeatureStaysAsItWas) {
  const auto shift = shift_of(rows_of(1, 1000, 4, 0.7), rows_of(2, 1000, 4, -0.7), 4);

  EXPECT_GT(shift.interval.low, 0.7);
  ASSERT_FALSE(shift.parts.empty());
  EXPECT_EQ(shift.parts[0].first, 0u);
  EXPECT_EQ(shift.parts[0].second, 1u);
}

TEST(JointShift, FindsAFeatureThatMovedAndNamesIt) {
  auto current = rows_of(2, 1000, 4);
  for (std::size_t at = 2; at < current.size(); at += 4) current[at] += 0.7;

  const auto shift = shift_of(rows_of(1, 1000, 4), current, 4);

  EXPECT_NEAR(shift.auc, normal_cdf(0.7 / std::sqrt(2)), 0.03);
  EXPECT_GT(shift.interval.low, 0.6);
  EXPECT_LT(shift.interval.high, 0.8);
  EXPECT_FALSE(shift.parts[0].is_pair());
  EXPECT_EQ(shift.parts[0].first, 2u);
}

TEST(JointShift, FindsAShiftThatIsSpreadOverFeatures) {
  auto current = rows_of(2, 1000, 8);
  for (double& value : current) value += 0.25;
  EXPECT_GT(shift_of(rows_of(1, 1000, 8), current, 8).interval.low, 0.55);
}

TEST(JointShift, SeesWhatIsMissing) {
  auto current = rows_of(2, 500, 3);
  for (std::size_t at = 1; at < current.size(); at += 6) current[at] = std::nan("");
  const auto shift = shift_of(rows_of(1, 500, 3), current, 3);
  EXPECT_GT(shift.interval.low, 0.65);
  EXPECT_EQ(shift.parts[0].first, 1u);
}

// Its changed feature is found among many: the choice has not seen the rows that judge it.
TEST(JointShift, ChoosesAmongManyFeaturesWithoutSeeingAShiftThatIsNotThere) {
  constexpr std::size_t kWidth = 60;
  const auto reference = rows_of(1, 400, kWidth), same = rows_of(2, 400, kWidth);
  EXPECT_LT(shift_of(reference, same, kWidth).interval.low, 0.5);
  const auto moved = shift_of(rows_of(1, 400, kWidth, 0.8), rows_of(2, 400, kWidth, -0.8), kWidth);
  EXPECT_GT(moved.interval.low, 0.6);
  EXPECT_TRUE(moved.parts[0].is_pair());
}

// The lower end of an interval of 99 % is above a half in at most 1 of 200 pairs of the same kind of rows. Fixed seeds.
TEST(JointShift, IsSureOfNothingWhereNothingHasChanged) {
  int beyond = 0, beyond_floor = 0;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    const auto shift = shift_of(rows_of(2 * seed, 200, 5, 0.5), rows_of(2 * seed + 1, 200, 5, 0.5), 5);
    beyond += shift.interval.low > 0.5 ? 1 : 0;
    beyond_floor += shift.interval.low > 0.55 ? 1 : 0;
  }
  EXPECT_LE(beyond, 3);  // 0.5 % of 100, and three deviations of that
  EXPECT_EQ(beyond_floor, 0);
}

TEST(JointShift, RefusesWhatAreNoRows) {
  const std::vector<double> few(9, 1.0), rows(60, 1.0);
  EXPECT_FALSE(joint_shift(few, rows, 1).has_value());
  EXPECT_FALSE(joint_shift(rows, rows, 7).has_value());
  EXPECT_FALSE(joint_shift(rows, rows, 0).has_value());
  EXPECT_FALSE(joint_shift(rows, rows, 1, {.alpha = 0}).has_value());
  EXPECT_FALSE(joint_shift(rows, rows, 1, {.bins = 0}).has_value());
  EXPECT_NEAR(joint_shift(rows, rows, 1)->auc, 0.5, 1e-12);  // all alike
}

}  // namespace
}  // namespace modelyard::statistics
