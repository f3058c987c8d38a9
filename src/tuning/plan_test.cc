#include "tuning/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::tuning {
namespace {

using testing::Contains;

Cell cell(Way way, std::int64_t batch_size, double rows_per_second, double p99_us = 1000) {
  return {way, batch_size, 100, rows_per_second, p99_us / 2, p99_us};
}

TEST(Choose, TakesTheMostRowsASecond) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 100), cell({1, 1}, 8, 400), cell({2, 1}, 1, 190), cell({2, 1}, 8, 790)};
  EXPECT_EQ(choose(cells, Target::kThroughput), (Plan{2, 1, 8}));
}

TEST(Choose, TakesTheLeastOfWhatIsAsGood) {
  const std::vector<Cell> cells{cell({1, 1}, 8, 970), cell({1, 1}, 16, 1000), cell({2, 1}, 8, 1010),
                                cell({1, 2}, 4, 1000)};
  EXPECT_EQ(choose(cells, Target::kThroughput), (Plan{1, 1, 8}));
}

TEST(Choose, PrefersFewInstancesToFewThreadsToFewRows) {
  const std::vector<Cell> cells{cell({2, 1}, 1, 1000), cell({1, 2}, 8, 1000), cell({1, 2}, 16, 1000)};
  EXPECT_EQ(choose(cells, Target::kThroughput), (Plan{1, 2, 8}));
}

TEST(Choose, TakesTheShortestRunsThatAnswerHalfForLatency) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 100, 500), cell({1, 1}, 4, 600, 2000), cell({1, 1}, 16, 1000, 8000),
                                cell({1, 2}, 4, 700, 1500)};
  EXPECT_EQ(choose(cells, Target::kLatency), (Plan{1, 2, 4}));
}

TEST(Choose, IsContentWithOneCell) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 3)};
  EXPECT_EQ(choose(cells, Target::kThroughput), (Plan{1, 1, 1}));
  EXPECT_EQ(choose(cells, Target::kLatency), (Plan{1, 1, 1}));
}

TEST(Explain, SaysWhatBatchesBringAndWhereTheyEnd) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 100), cell({1, 1}, 16, 410), cell({1, 1}, 32, 415)};

  const auto sentences = explain(cells, choose(cells, Target::kThroughput), Target::kThroughput);

  EXPECT_THAT(sentences, Contains("batches of 16 answer 4.1 times as many rows a second as single rows"));
  EXPECT_THAT(sentences, Contains("more than 16 in a batch add less than 5 %"));
  EXPECT_THAT(sentences, Contains("410 rows a second, of 415 at most: of all within 5 % of it the one with the fewest "
                                  "instances, then threads, then rows"));
}

TEST(Explain, SaysWhatThreadsAndInstancesBring) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 100), cell({2, 1}, 1, 110), cell({1, 2}, 1, 180)};

  const auto sentences = explain(cells, choose(cells, Target::kThroughput), Target::kThroughput);

  EXPECT_THAT(sentences, Contains("2 engine threads a run answer 1.6 times as many rows a second as 1 at best"));
  EXPECT_THAT(sentences, Contains("more instances add less than 5 %"));
  EXPECT_THAT(sentences, Contains("only single rows were measured"));
}

TEST(Explain, SaysThatLargerBatchesWereNotMeasured) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 100), cell({1, 1}, 2, 200)};
  const auto sentences = explain(cells, choose(cells, Target::kThroughput), Target::kThroughput);
  EXPECT_THAT(sentences, Contains("more than 2 rows in a batch were not measured"));
}

TEST(Explain, SaysWhatIsGivenUpForLatency) {
  const std::vector<Cell> cells{cell({1, 1}, 1, 600, 1000), cell({1, 1}, 16, 1000, 9000)};
  const auto sentences = explain(cells, choose(cells, Target::kLatency), Target::kLatency);
  EXPECT_THAT(sentences, Contains("more than 1 in a batch answer 1.7 times as many, but their runs take longer"));
}

TEST(Target, HasNames) {
  EXPECT_EQ(parse_target("latency"), Target::kLatency);
  EXPECT_EQ(parse_target(target_name(Target::kThroughput)), Target::kThroughput);
  EXPECT_EQ(parse_target("speed"), std::nullopt);
}

}  // namespace
}  // namespace modelyard::tuning
