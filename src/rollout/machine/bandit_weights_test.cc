#include "rollout/machine/bandit_weights.h"

#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

Stage bandit_from(int weight, int floor) {
  Stage stage{.kind = StageKind::kBandit, .steps = {Step{.weight = weight}}};
  stage.floor = floor;
  return stage;
}

TEST(BanditWeights, AreTenthsOfWhatTheFloorsLeaveAndTheOneItBeginsWith) {
  EXPECT_EQ(bandit_weights(bandit_from(5000, 500)),
            (std::vector<int>{5000, 500, 1400, 2300, 3200, 4100, 5900, 6800, 7700, 8600, 9500}));
  EXPECT_EQ(bandit_weights(bandit_from(1000, 100)),
            (std::vector<int>{1000, 100, 1080, 2060, 3040, 4020, 5000, 5980, 6960, 7940, 8920, 9900}));
}

TEST(BanditWeights, AreDifferentOnesAlsoWhenLittleIsShared) {
  EXPECT_EQ(bandit_weights(bandit_from(5000, 4999)), (std::vector<int>{5000, 4999, 5001}));
}

TEST(BanditWeights, MoveToTheNearestOneWhenItIsWorthwhile) {
  const Stage stage = bandit_from(5000, 500);
  EXPECT_EQ(next_bandit_weight(stage, 5000, 5674), 5000);
  EXPECT_EQ(next_bandit_weight(stage, 5000, 5675), 5900);
  EXPECT_EQ(next_bandit_weight(stage, 5900, 5500), 5900) << "not to and fro";
  EXPECT_EQ(next_bandit_weight(stage, 5000, 9700), 9500);
  EXPECT_EQ(next_bandit_weight(stage, 1400, 500), 500) << "the floor is reached";
}

TEST(BanditWeights, NeverLeaveTheFloors) {
  for (const int floor : {1, 20, 500, 4000, 4999}) {
    const Stage stage = bandit_from(5000, floor);
    for (int asked = -100; asked <= kWhole + 100; asked += 50) {
      const int weight = next_bandit_weight(stage, stage.floor, asked);
      EXPECT_TRUE(weight >= floor && weight <= kWhole - floor && is_bandit_weight(stage, weight));
    }
  }
}

TEST(BanditWeights, RestAHundredthOfTheHoldAndAtLeastATick) {
  EXPECT_EQ(bandit_rest(bandit_spec(), bandit_spec().stages[0]), std::chrono::seconds(72));
  const RolloutSpec quick =
      spec_of(R"({"candidate": 8, "strategy": "bandit", "reward": "clicked", "hold": "5s", "tick": "2s"})");
  EXPECT_EQ(bandit_rest(quick, quick.stages[0]), std::chrono::seconds(2));
}

}  // namespace
}  // namespace modelyard::rollout
