#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "monitoring/monitors/judge_answers.h"
#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

Monitor monitor_of(const Json& more = Json::object()) {
  Json document = {{"kind", "calibration"}};
  document.update(more);
  return parse_monitors({{"m", document}})->front();
}

// Labelled rows of a model that says p where the truth is truth(p).
template <typename Truth>
Metrics metrics_of(std::uint32_t seed, std::size_t rows, Truth truth) {
  const auto draws = statistics::uniform_stream(seed, 2 * rows);
  std::vector<double> says;
  std::vector<std::uint8_t> happened;
  for (std::size_t i = 0; i < rows; ++i) {
    says.push_back(draws[2 * i]);
    happened.push_back(draws[2 * i + 1] < truth(draws[2 * i]) ? 1 : 0);
  }
  Metrics metrics;
  metrics.rows = rows;
  metrics.reliability = *statistics::reliability_curve({says, happened}, Metrics::kReliabilityBins);
  return metrics;
}

double calibrated(double p) {
  return p;
}
double too_sure(double p) {
  return 0.25 + 0.5 * p;
}

TEST(JudgeCalibration, FailsAModelThatIsTooSure) {
  const Finding finding = judge_calibration(monitor_of(), metrics_of(1, 2000, too_sure), false);

  EXPECT_EQ(finding.outcome, Outcome::kFail);
  EXPECT_EQ(finding.subject, "calibration_error");
  EXPECT_NEAR(finding.value, 0.125, 0.02);  // the mean of |p − truth(p)|
  EXPECT_GT(finding.numbers["sure"], 0.05);
  EXPECT_THAT(finding.sentence, HasSubstr("of 2000 labelled rows"));
  EXPECT_THAT(finding.sentence, HasSubstr("where the model says"));
}

TEST(JudgeCalibration, PassesAModelThatIsRightAndOneThatIsOffByLessThanTheLimit) {
  EXPECT_EQ(judge_calibration(monitor_of(), metrics_of(1, 2000, calibrated), false).outcome, Outcome::kPass);
  EXPECT_EQ(judge_calibration(monitor_of({{"at_most", 0.2}}), metrics_of(1, 2000, too_sure), false).outcome,
            Outcome::kPass);
}

// The error of few rows is above the limit by chance alone.
TEST(JudgeCalibration, DoesNotTakeChanceForAnError) {
  const Finding finding = judge_calibration(monitor_of({{"least_rows", 100}}), metrics_of(4, 100, calibrated), false);
  EXPECT_GT(finding.value, 0.05);
  EXPECT_EQ(finding.outcome, Outcome::kPass);
}

TEST(JudgeCalibration, SaysNothingOfFewLabelsOrOfNoProbabilities) {
  EXPECT_EQ(judge_calibration(monitor_of(), metrics_of(1, 2000, too_sure), true).outcome, Outcome::kNoData);
  EXPECT_EQ(judge_calibration(monitor_of(), metrics_of(1, 199, too_sure), false).outcome, Outcome::kNoData);
  Metrics without;
  without.rows = 500;
  EXPECT_THAT(judge_calibration(monitor_of(), without, false).sentence, HasSubstr("no probabilities"));
}

// Limit 0: each alarm is one of a model that is right. Fixed seeds.
TEST(JudgeCalibration, IsWrongNoMoreOftenThanItSays) {
  int failed = 0;
  for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
    const Metrics metrics = metrics_of(seed * 2654435761u, 500, calibrated);
    failed += judge_calibration(monitor_of({{"at_most", 0}}), metrics, false).outcome == Outcome::kFail ? 1 : 0;
  }
  EXPECT_LE(failed, 19);  // 0.5 % of 2000, and three deviations of that
}

}  // namespace
}  // namespace modelyard::monitoring
