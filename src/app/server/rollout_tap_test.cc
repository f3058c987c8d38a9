#include "app/server/rollout_tap.h"

#include <gtest/gtest.h>

#include <limits>

#include "app/server/made_up_ended.h"

namespace modelyard::app {
namespace {

class RolloutTapTest : public testing::Test {
 protected:
  RolloutTapTest() {
    made_.ended.plan_revision = 12;
    made_.ended.arm = rollout::Arm::kCandidate;
    made_.ended.exposed = true;
    made_.ended.unit_hash = 3;
    made_.ended.outputs = &outputs_;
  }
  void answer(float value) {
    outputs_.clear();
    inference::Tensor& y = outputs_.emplace_back(
        inference::Tensor{"y", inference::DataType::kFp32, {1}, inference::Buffer::allocate(sizeof value)});
    std::memcpy(y.buffer.bytes().data(), &value, sizeof value);
    tap_.on_end(made_.ended);
  }
  void fail(Code code) {
    made_.ended.failure = code;
    made_.ended.outputs = nullptr;
    tap_.on_end(made_.ended);
    made_.ended.failure.reset();
    made_.ended.outputs = &outputs_;
  }
  rollout::ArmEvidence candidate() {
    auto plans = tap_.counter().take();
    EXPECT_LE(plans.size(), 1u);
    return plans.empty() ? rollout::ArmEvidence() : plans.front().candidate;
  }

  MadeUpEnded made_;
  std::vector<inference::Tensor> outputs_;
  RolloutTap tap_;
};

TEST_F(RolloutTapTest, CountsAnExposedAnswerForItsUnitAndPlan) {
  answer(1);
  const auto plans = tap_.counter().take();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].endpoint, "e");
  EXPECT_EQ(plans[0].revision, 12);
  EXPECT_EQ(plans[0].candidate.requests[3], 1u);
  EXPECT_EQ(plans[0].candidate.failures[3], 0u);
  EXPECT_EQ(plans[0].stable.requests[3], 0u);
  EXPECT_TRUE(tap_.counter().take().empty());
}

// Else the slower version would seem to get fewer of those that have come.
TEST_F(RolloutTapTest, CountsAUnitInTheSecondInWhichItCame) {
  const UtcTime now{std::chrono::seconds(100)};
  made_.ended.time = now;
  made_.durations.total = std::chrono::milliseconds(20);
  answer(1);
  made_.ended.unit_hash = 5;
  made_.durations.total = std::chrono::seconds(30);
  answer(1);

  const auto plans = tap_.counter().take();

  ASSERT_EQ(plans.size(), 1u);
  ASSERT_EQ(plans[0].units.size(), 2u);
  EXPECT_EQ(plans[0].units[0].second, std::chrono::sys_seconds(std::chrono::seconds(99)));
  EXPECT_EQ(plans[0].units[1].second, std::chrono::sys_seconds(std::chrono::seconds(70)));
  EXPECT_EQ(plans[0].units[1].units.levels(), (std::vector<rollout::UnitCounts>{{1, 0}}));
}

TEST_F(RolloutTapTest, SeesAnswersThatAreNoNumbers) {
  answer(std::numeric_limits<float>::quiet_NaN());
  answer(std::numeric_limits<float>::infinity());
  answer(0);
  EXPECT_EQ(candidate().nonfinite[3], 2u);
}

TEST_F(RolloutTapTest, CountsFailuresOfTheVersionAndNotOfItsCallers) {
  fail(Code::kInternal);
  fail(Code::kDeadlineExceeded);
  fail(Code::kInvalidArgument);
  fail(Code::kCancelled);
  made_.durations.run_rows = 1;
  fail(Code::kInvalidArgument);  // of the engine
  const auto counted = candidate();
  EXPECT_EQ(counted.requests[3], 3u);
  EXPECT_EQ(counted.failures[3], 3u);
  EXPECT_EQ(counted.timeouts[3], 1u);
}

TEST_F(RolloutTapTest, CountsNobodyWhoChoseTheVersion) {
  made_.ended.exposed = false;
  answer(1);
  EXPECT_EQ(candidate().requests[3], 0u);
}

}  // namespace
}  // namespace modelyard::app
