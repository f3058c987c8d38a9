#include "tuning/tuner.h"

#include <gtest/gtest.h>

#include "backend/api/fake_backend.h"
#include "base/fake_clock.h"

namespace modelyard::tuning {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Runs take a millisecond each, whatever they hold: twice the rows are twice as fast.
class TunerTest : public testing::Test {
 protected:
  TunerTest() {
    backend_.during_run = [this] { clock_.advance(milliseconds(1)); };
    artifact_.folder = "2";
    artifact_.format = "fake";
    artifact_.signature = backend::FakeBackend::signature();
  }
  Result<Tuning> tune(TunerOptions options) {
    return Tuner(backend_, artifact_, options, clock_,
                 [this](nanoseconds spent, nanoseconds budget) {
                   EXPECT_LE(spent, budget);
                   progress_.push_back(spent);
                 })
        .run();
  }

  FakeClock clock_;
  backend::FakeBackend backend_;
  lifecycle::Artifact artifact_;
  std::vector<nanoseconds> progress_;
};

TEST_F(TunerTest, MeasuresEveryBatchThatGains) {
  const auto tuning = tune({.cores = 1, .most_rows = 8, .budget = seconds(4)});

  ASSERT_TRUE(tuning.has_value()) << tuning.error().message();
  ASSERT_EQ(tuning->cells.size(), 4u);
  EXPECT_EQ(tuning->cells[3].batch_size, 8);
  EXPECT_NEAR(tuning->cells[0].rows_per_second, 1000, 1);
  EXPECT_NEAR(tuning->cells[3].rows_per_second, 8000, 8);
  EXPECT_EQ(tuning->cells[3].p50_us, 1000);
  EXPECT_EQ(tuning->cells[3].p99_us, 1000);
  EXPECT_TRUE(tuning->is_complete);
  EXPECT_EQ(tuning->rounds, kMostRounds);
  EXPECT_EQ(progress_.size(), 4u * kMostRounds);
  EXPECT_TRUE(std::ranges::is_sorted(progress_));
}

TEST_F(TunerTest, LetsTheBestRoundCount) {
  const SteadyTime quiet = clock_.steady_now() + seconds(2);
  backend_.during_run = [this, quiet] { clock_.advance(milliseconds(clock_.steady_now() < quiet ? 3 : 1)); };

  const auto tuning = tune({.cores = 1, .most_rows = 2, .budget = seconds(4)});

  ASSERT_TRUE(tuning.has_value());
  EXPECT_NEAR(tuning->cells[0].rows_per_second, 1000, 5);
  EXPECT_NEAR(tuning->cells[1].rows_per_second, 2000, 10);
}

TEST_F(TunerTest, KeepsToItsBudget) {
  const SteadyTime began = clock_.steady_now();

  ASSERT_TRUE(tune({.cores = 1, .most_rows = 8, .budget = seconds(4)}).has_value());

  EXPECT_LT(clock_.steady_now() - began, milliseconds(4200));
}

TEST_F(TunerTest, EndsEarlyAndSaysSoWhenRunsAreSlow) {
  backend_.during_run = [this] { clock_.advance(seconds(1)); };

  const auto tuning = tune({.cores = 2, .most_rows = 1, .budget = seconds(3)});

  ASSERT_TRUE(tuning.has_value());
  EXPECT_FALSE(tuning->is_complete);
  EXPECT_FALSE(tuning->cells.empty());
}

TEST_F(TunerTest, RefusesABudgetThatIsTooSmall) {
  const auto tuning = tune({.cores = 4, .most_rows = 64, .budget = milliseconds(100)});

  ASSERT_FALSE(tuning.has_value());
  EXPECT_EQ(tuning.error().code(), Code::kInvalidArgument);
  EXPECT_NE(tuning.error().message().find("at least"), std::string::npos);
}

TEST_F(TunerTest, MeasuresOnlySingleRowsWithoutABatchDimension) {
  artifact_.signature.batched = false;

  const auto tuning = tune({.cores = 1, .most_rows = 64, .budget = seconds(1)});

  ASSERT_TRUE(tuning.has_value()) << tuning.error().message();
  EXPECT_EQ(tuning->cells.size(), 1u);
  EXPECT_EQ(tuning->note, "not batched: the model has no batch dimension");
}

TEST_F(TunerTest, MeasuresEveryWayThatTheCoresAllow) {
  const auto tuning = tune({.cores = 4, .most_rows = 1, .budget = seconds(4)});

  ASSERT_TRUE(tuning.has_value()) << tuning.error().message();
  EXPECT_EQ(tuning->cells.size(), 6u);
  for (const Cell& cell : tuning->cells) EXPECT_GE(cell.runs, cell.way.instances);
}

TEST_F(TunerTest, LeavesNothingLoaded) {
  ASSERT_TRUE(tune({.cores = 2, .most_rows = 2, .budget = seconds(1)}).has_value());
  EXPECT_EQ(backend_.loaded, 0);
}

TEST_F(TunerTest, TellsWhyAVersionDoesNotLoad) {
  backend_.before_load = [](const std::string&) -> Status { return error(Code::kInvalidArgument, "no model"); };
  EXPECT_EQ(tune({}).error().message(), "load: no model");
}

}  // namespace
}  // namespace modelyard::tuning
