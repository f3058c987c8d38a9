#include "tuning/grid.h"

#include <gtest/gtest.h>

namespace modelyard::tuning {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Cell> with_rates(std::initializer_list<double> rates) {
  std::vector<Cell> cells;
  for (const double rate : rates) cells.push_back({.rows_per_second = rate});
  return cells;
}

TEST(Grid, SharesTheCoresInPowersOfTwo) {
  EXPECT_EQ(ways_of(1), (std::vector<Way>{{1, 1}}));
  EXPECT_EQ(ways_of(2), (std::vector<Way>{{1, 1}, {2, 1}, {1, 2}}));
  EXPECT_EQ(ways_of(6), (std::vector<Way>{{1, 1}, {2, 1}, {4, 1}, {6, 1}, {1, 2}, {2, 2}, {1, 4}, {1, 6}}));
}

TEST(Grid, NeverTakesMoreThreadsThanCores) {
  for (int cores = 1; cores <= 128; ++cores) {
    for (const Way& way : ways_of(cores)) EXPECT_LE(way.instances * way.intra_op_threads, cores);
  }
}

TEST(Grid, DoublesBatchesUpToTheMost) {
  EXPECT_EQ(batch_sizes_of(1), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(batch_sizes_of(8), (std::vector<std::int64_t>{1, 2, 4, 8}));
  EXPECT_EQ(batch_sizes_of(12), (std::vector<std::int64_t>{1, 2, 4, 8, 12}));
}

TEST(Grid, StopsGrowingWhenTwoSizesBroughtNothing) {
  EXPECT_TRUE(is_worth_growing({}));
  EXPECT_TRUE(is_worth_growing(with_rates({100, 100})));
  EXPECT_TRUE(is_worth_growing(with_rates({100, 200, 201}))) << "one alone may be bad luck";
  EXPECT_TRUE(is_worth_growing(with_rates({100, 200, 190, 230})));
  EXPECT_FALSE(is_worth_growing(with_rates({100, 200, 205, 209})));
  EXPECT_FALSE(is_worth_growing(with_rates({100, 90, 80})));
}

TEST(Grid, IsMeasuredAsOftenAsThereIsTime) {
  EXPECT_EQ(rounds_of(seconds(4), {20, {}}), 2);
  EXPECT_EQ(rounds_of(seconds(60), {20, {}}), kMostRounds);
  EXPECT_EQ(rounds_of(seconds(60), {20, seconds(6)}), 2) << "loading takes its time";
  EXPECT_EQ(rounds_of(seconds(1), {20, seconds(100)}), 1);
}

TEST(Grid, GivesCellsEqualShares) {
  EXPECT_EQ(time_of_cell(seconds(10), 5), seconds(2));
  EXPECT_EQ(time_of_cell(milliseconds(10), 5), kLeastCell);
  EXPECT_EQ(time_of_cell(seconds(-1), 0), kLeastCell);
}

}  // namespace
}  // namespace modelyard::tuning
