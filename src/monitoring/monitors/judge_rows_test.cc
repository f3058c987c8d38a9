#include "monitoring/monitors/judge_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"
#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

Monitor monitor_of(const Json& more = Json::object()) {
  Json document = {{"kind", "multivariate"}, {"reference", "1d"}};
  document.update(more);
  return parse_monitors({{"m", document}})->front();
}

// Standard normal rows of three features; the first two have this correlation.
std::vector<double> rows_of(std::uint32_t seed, std::size_t count, double correlation) {
  std::vector<double> rows = statistics::uniform_stream(seed * 2654435761u + 7, count * 3);
  for (double& value : rows) value = statistics::normal_quantile(std::min(std::max(value, 1e-9), 1 - 1e-9));
  for (std::size_t at = 0; at < rows.size(); at += 3) {
    rows[at + 1] = correlation * rows[at] + std::sqrt(1 - correlation * correlation) * rows[at + 1];
  }
  return rows;
}

ComparedRows compared(std::vector<double> reference, std::vector<double> current) {
  return {{"amount", "income", "age"}, std::move(reference), std::move(current)};
}

TEST(JudgeRows, FailsWhenAPairOfFeaturesGoesTogetherOtherwise) {
  const Finding finding = judge_rows(monitor_of(), compared(rows_of(1, 800, 0.7), rows_of(2, 800, -0.7)));

  EXPECT_EQ(finding.outcome, Outcome::kFail);
  EXPECT_GT(finding.value, 0.7);
  EXPECT_EQ(finding.threshold, 0.55);
  EXPECT_THAT(finding.sentence, HasSubstr("rows of this window can be told from those of 1d ago (AUC 0."));
  EXPECT_THAT(finding.sentence, HasSubstr("mostly by how `amount` and `income` go together"));
  EXPECT_EQ(finding.numbers["parts"][0]["features"], Json({"amount", "income"}));
}

TEST(JudgeRows, NamesThreeFeaturesAtMost) {
  auto moved = rows_of(2, 800, 0);
  for (double& value : moved) value += 0.8;
  const Finding finding = judge_rows(monitor_of({{"reference", "previous"}}), compared(rows_of(1, 800, 0), moved));
  EXPECT_EQ(finding.outcome, Outcome::kFail);
  EXPECT_THAT(finding.sentence, HasSubstr("the window before"));
  EXPECT_THAT(finding.sentence, HasSubstr("`age`"));
  EXPECT_EQ(std::ranges::count(finding.sentence.substr(finding.sentence.find("mostly")), ','), 2);
}

TEST(JudgeRows, PassesWhatIsAlikeAndWhatHasMovedByLessThanTheFloor) {
  EXPECT_EQ(judge_rows(monitor_of(), compared(rows_of(1, 800, 0.7), rows_of(2, 800, 0.7))).outcome, Outcome::kPass);
  auto moved = rows_of(2, 2000, 0);
  for (std::size_t at = 0; at < moved.size(); at += 3) moved[at] += 0.3;
  const ComparedRows rows = compared(rows_of(1, 2000, 0), moved);
  EXPECT_EQ(judge_rows(monitor_of({{"auc_floor", 0}}), rows).outcome, Outcome::kFail);
  EXPECT_EQ(judge_rows(monitor_of({{"auc_floor", 0.1}}), rows).outcome, Outcome::kPass);
}

TEST(JudgeRows, SaysWhyItHasNoVerdict) {
  EXPECT_THAT(judge_rows(monitor_of(), compared(rows_of(1, 800, 0), rows_of(2, 150, 0))).sentence,
              HasSubstr("150 captured rows, and 800 of 1d ago: at least 200"));
  EXPECT_THAT(judge_rows(monitor_of(), {}).sentence, HasSubstr("no feature in common"));
  ComparedRows wide;
  for (int i = 0; i < 257; ++i) wide.features.push_back("f" + std::to_string(i));
  EXPECT_THAT(judge_rows(monitor_of(), wide).sentence, HasSubstr("at most 256 are compared: name them"));
}

// Spans that are alike, with a floor and without; fixed seeds.
TEST(JudgeRows, IsWrongNoMoreOftenThanItSays) {
  int failed = 0, failed_without_floor = 0;
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    const ComparedRows rows = compared(rows_of(2 * seed, 200, 0.5), rows_of(2 * seed + 1, 200, 0.5));
    failed += judge_rows(monitor_of(), rows).outcome == Outcome::kFail ? 1 : 0;
    failed_without_floor += judge_rows(monitor_of({{"auc_floor", 0}}), rows).outcome == Outcome::kFail ? 1 : 0;
  }
  EXPECT_EQ(failed, 0);
  EXPECT_LE(failed_without_floor, 3);  // 0.5 % of 150, and three deviations of that
}

}  // namespace
}  // namespace modelyard::monitoring
