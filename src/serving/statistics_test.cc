#include "serving/statistics.h"

#include <gtest/gtest.h>

namespace modelyard::serving {
namespace {

Durations of_run(std::int64_t rows) {
  using std::chrono::nanoseconds;
  return {nanoseconds(1), nanoseconds(2), nanoseconds(30), nanoseconds(100), rows, false};
}

TEST(VersionCounters, CountRunsByTheirRows) {
  VersionCounters one_loop, other_loop;
  for (const std::int64_t rows : {1, 65, 1, 0}) {  // 1 and 65 begin at the same slot; 0: in the run of another request
    one_loop.count(Protocol::kOpenInference, 0, 1, of_run(rows), 5);
  }
  other_loop.count(Protocol::kOpenInference, 0, 1, of_run(65), 5);

  VersionTotals totals;
  one_loop.add_to(totals);
  other_loop.add_to(totals);

  EXPECT_EQ(totals.executions, 4u);
  EXPECT_EQ(totals.answered(), 5u);
  EXPECT_EQ(totals.handed_over, 5u * (100 - 1 - 2 - 30));
  ASSERT_EQ(totals.runs.size(), 2u);
  EXPECT_EQ(totals.runs[1].runs, 2u);
  EXPECT_EQ(totals.runs[65].runs, 2u);
  EXPECT_EQ(totals.runs[65].prepared, 4u);
  EXPECT_EQ(totals.runs[65].computed, 60u);
}

TEST(VersionCounters, SumRunsOfMoreKindsThanTheyTellApart) {
  VersionCounters counters;
  for (std::int64_t rows = 1; rows <= 100; ++rows) counters.count(Protocol::kOpenInference, 0, rows, of_run(rows), 5);

  VersionTotals totals;
  counters.add_to(totals);

  EXPECT_EQ(totals.executions, 100u);
  EXPECT_EQ(totals.runs.size(), 64u);
}

TEST(VersionCounters, CountNoRunForFailures) {
  VersionCounters counters;
  counters.count(Protocol::kOpenInference, outcome_of(Code::kInternal), 1, of_run(1), 5);

  VersionTotals totals;
  counters.add_to(totals);

  EXPECT_EQ(totals.executions, 0u);
  EXPECT_EQ(totals.failed(), 1u);
}

}  // namespace
}  // namespace modelyard::serving
