#include "rollout/gates/kayenta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "statistics/test_streams.h"

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;

std::vector<double> stream(std::uint32_t seed, double from) {
  auto values = statistics::uniform_stream(seed, 50);
  for (double& value : values) value += from;
  return values;
}

KayentaSeries shifted(double by) {
  return {stream(1, 10), stream(2, 10 + by)};
}

KayentaComparison compare(const KayentaMetric& metric, const KayentaSeries& series) {
  const auto comparison = compare_series(metric, series);
  EXPECT_TRUE(comparison) << comparison.error().message();
  return *comparison;
}

// Expected values: scipy 1.17, by inverting mannwhitneyu(method="asymptotic", use_continuity=False) at 0.02, and numpy.
TEST(Kayenta, HasTheNumbersOfItsVectors) {
  struct Vector {
    double by, shift, low, high, ratio, cles;
    KayentaClass classification;
  };
  const Vector vectors[] = {
      {0, 0.0018861772259697318, -0.13666660664603114, 0.14671285822987556, 1.0001763647505713, 0.5012,
       KayentaClass::kPass},
      {1.5, 1.5018861772259697, 1.3633333933539689, 1.6467128582298756, 1.1429488117929374, 1, KayentaClass::kHigh},
      {-1, -0.9981138227740303, -1.1366666066460311, -0.8532871417701244, 0.9049947333889939, 0, KayentaClass::kLow},
      {0.3, 0.30188617722597044, 0.16333339335396957, 0.4467128582298763, 1.0287308541590443, 0.7684,
       KayentaClass::kHigh}};
  for (const Vector& vector : vectors) {
    const auto found = compare({.name = "m"}, shifted(vector.by));
    EXPECT_NEAR(found.shift, vector.shift, 1e-9);
    EXPECT_NEAR(found.interval.low, vector.low, 1e-9);
    EXPECT_NEAR(found.interval.high, vector.high, 1e-9);
    EXPECT_NEAR(found.effect, vector.ratio, 1e-9);
    EXPECT_EQ(found.classification, vector.classification) << vector.by;
    EXPECT_NEAR(compare({.name = "m", .effect = KayentaEffect::kCles}, shifted(vector.by)).effect, vector.cles, 1e-9);
  }
}

TEST(Kayenta, LooksOnlyInTheDirectionThatIsWorse) {
  EXPECT_EQ(compare({.direction = KayentaDirection::kDecrease}, shifted(1.5)).classification, KayentaClass::kPass);
  EXPECT_EQ(compare({.direction = KayentaDirection::kIncrease}, shifted(1.5)).classification, KayentaClass::kHigh);
  EXPECT_EQ(compare({.direction = KayentaDirection::kIncrease}, shifted(-1)).classification, KayentaClass::kPass);
}

TEST(Kayenta, AllowsEffectsThatAreSmall) {
  EXPECT_EQ(compare({.allowed_increase = 1.2}, shifted(1.5)).classification, KayentaClass::kPass);
  EXPECT_EQ(compare({.allowed_increase = 1.1}, shifted(1.5)).classification, KayentaClass::kHigh);
  EXPECT_EQ(compare({.allowed_decrease = 0.8}, shifted(-1)).classification, KayentaClass::kPass);
}

TEST(Kayenta, KnowsSidesThatDoNotVary) {
  const std::vector<double> five(20, 5), six(20, 6);
  EXPECT_EQ(compare({}, {five, six}).classification, KayentaClass::kHigh);
  EXPECT_EQ(compare({}, {six, five}).classification, KayentaClass::kLow);
  EXPECT_EQ(compare({}, {five, five}).classification, KayentaClass::kPass);
  EXPECT_EQ(compare({}, {five, {5, 5, 5}}).classification, KayentaClass::kPass);
}

TEST(Kayenta, LeavesMissingValuesAndOutliersOut) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(compare({}, {{kNone, kNone}, {1, 2}}).classification, KayentaClass::kNoData);
  EXPECT_EQ(compare({.must_have_data = true}, {{}, {1, 2}}).classification, KayentaClass::kNoDataFail);
  EXPECT_EQ(compare({.missing = MissingValues::kReplaceByZero}, {{}, {kNone, 0}}).classification, KayentaClass::kPass);

  KayentaSeries spoilt = shifted(0);
  spoilt.candidate.push_back(1e6);
  EXPECT_GT(compare({}, spoilt).effect, 100);
  EXPECT_NEAR(compare({.outlier_factor = 3}, spoilt).effect, 1.0001763647505713, 1e-9);
  spoilt.candidate.push_back(std::numeric_limits<double>::infinity());
  EXPECT_THAT(compare_series({.name = "m"}, spoilt).error().message(), HasSubstr("metric m: an infinity"));
}

TEST(KayentaScore, WeighsTheSharesOfMetricsThatPassInEachGroup) {
  const KayentaMetric metrics[] = {{.name = "p50", .group = "latency"},
                                   {.name = "p99", .group = "latency"},
                                   {.name = "errors", .group = "errors"},
                                   {.name = "cpu", .group = "system"},
                                   {.name = "beta", .group = "system", .is_muted = true}};
  const KayentaSeries series[] = {shifted(0), shifted(1.5), shifted(0), shifted(0), shifted(1.5)};

  const auto score = kayenta_score(metrics, series, {.weights = {{"latency", 50}}});

  ASSERT_TRUE(score) << score.error().message();
  EXPECT_EQ(score->groups.at("latency"), 50);
  EXPECT_EQ(score->groups.at("system"), 100);
  EXPECT_EQ(score->score, 75);  // half of 50, and 25 for each of the others
  EXPECT_EQ(score->result, KayentaResult::kMarginal);
  EXPECT_EQ(score->because, "score 75; pass from 95, marginal from 75");
  EXPECT_EQ(kayenta_score(metrics, series, {})->score, 83.33);
  EXPECT_FALSE(kayenta_score(metrics, series, {.weights = {{"speed", 50}}}));
  EXPECT_FALSE(kayenta_score(metrics, series, {.weights = {{"latency", 101}}}));
}

TEST(KayentaScore, IsZeroForACriticalFailureOrTooLittleData) {
  const KayentaMetric critical[] = {{.name = "a"}, {.name = "b", .is_critical = true, .critical_increase = 1.1}};
  const KayentaSeries fails[] = {shifted(0), shifted(1.5)}, slightly[] = {shifted(0), shifted(0.3)};
  const KayentaMetric two[] = {{.name = "a"}, {.name = "b"}};
  const KayentaSeries half[] = {shifted(0), {}};

  EXPECT_EQ(kayenta_score(critical, fails, {})->score, 0);
  EXPECT_THAT(kayenta_score(critical, fails, {})->because, HasSubstr("critical metric failed: b: High"));
  EXPECT_EQ(kayenta_score(critical, slightly, {})->score, 50);
  EXPECT_EQ(kayenta_score(two, half, {})->score, 0);
  EXPECT_EQ(kayenta_score(two, half, {})->because, "1 of 2 metrics have no data");
}

}  // namespace
}  // namespace modelyard::rollout
