#include "tuning/measure.h"

#include <gtest/gtest.h>

#include <barrier>

#include "backend/api/fake_backend.h"
#include "base/fake_clock.h"
#include "lifecycle/made_up_inputs.h"

namespace modelyard::tuning {
namespace {

using std::chrono::milliseconds;

class MeasureTest : public testing::Test {
 protected:
  MeasureTest() : model_(backend_.load("2", {}).value()) {}
  Result<Cell> measure(const CellPlan& plan) { return measure_cell(*model_, inputs_, plan, clock_); }

  FakeClock clock_;
  backend::FakeBackend backend_;
  std::unique_ptr<backend::LoadedModel> model_;
  std::vector<inference::Tensor> inputs_ =
      lifecycle::made_up_inputs(backend::FakeBackend::signature(), 1, lifecycle::MadeUp::kZeros);
};

// Each run waits for one of every other instance: one after the other they would never end.
TEST_F(MeasureTest, RunsInstancesAtTheSameTime) {
  std::barrier together(3);
  backend_.during_run = [&] { together.arrive_and_wait(); };

  const auto cell = measure({{.instances = 3, .intra_op_threads = 1}, 1, milliseconds(0)});

  ASSERT_TRUE(cell.has_value()) << cell.error().message();
  EXPECT_EQ(cell->runs, 3);
}

TEST_F(MeasureTest, CountsNoRunsOfTheWarmUp) {
  backend_.during_run = [&] { clock_.advance(milliseconds(1)); };

  const auto cell = measure({{.instances = 1, .intra_op_threads = 1}, 4, milliseconds(100)});

  ASSERT_TRUE(cell.has_value()) << cell.error().message();
  EXPECT_EQ(cell->runs, 100);
  EXPECT_EQ(backend_.runs, 103);
  EXPECT_NEAR(cell->rows_per_second, 4000, 1e-6);
}

}  // namespace
}  // namespace modelyard::tuning
