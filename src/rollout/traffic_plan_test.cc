#include "rollout/traffic_plan.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace modelyard::rollout {
namespace {

TEST(TrafficPlan, SendsEverythingToTheOnlyVersion) {
  const TrafficPlan plan = whole_to("fraud", "fraud", 7);

  EXPECT_TRUE(validate(plan).has_value());
  EXPECT_EQ(pick(plan, 0), 7);
  EXPECT_EQ(pick(plan, UINT64_MAX), 7);
}

TEST(TrafficPlan, SplitsByWeightOverUniformHashes) {
  const TrafficPlan plan{"fraud", "fraud", 1, {{1, 9'000}, {2, 1'000}}};
  SeededRandom random(42);
  int second = 0;

  for (int i = 0; i < 100'000; ++i) second += pick(plan, random.next()) == 2;

  EXPECT_NEAR(second, 10'000, 400);  // 4 sigma
}

TEST(TrafficPlan, PutsTheSmallestShareAtItsExactEdge) {
  const TrafficPlan plan{"fraud", "fraud", 1, {{1, 9'999}, {2, 1}}};

  EXPECT_EQ(pick(plan, UINT64_MAX), 2);
  EXPECT_EQ(pick(plan, UINT64_MAX / 10'000 * 9'998), 1);
}

TEST(TrafficPlan, RefusesWeightsThatDoNotSumToTheWhole) {
  EXPECT_FALSE(validate({"e", "m", 1, {{1, 9'000}, {2, 999}}}).has_value());
  EXPECT_FALSE(validate({"e", "m", 1, {}}).has_value());
}

TEST(TrafficPlan, RefusesAVersionTwice) {
  EXPECT_FALSE(validate({"e", "m", 1, {{1, 5'000}, {1, 5'000}}}).has_value());
}

TEST(TrafficPlan, SurvivesItsJsonForm) {
  const TrafficPlan plan{"fraud", "scorer", 3, {{1, 9'000}, {2, 1'000}}};

  const auto read = parse_traffic_plan(to_json(plan), "fraud", "scorer", 3);

  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read, plan);
}

TEST(TrafficPlan, RefusesUnknownFieldsInItsJsonForm) {
  Json value = to_json(whole_to("e", "m", 1));
  value["sticky"] = "user";

  EXPECT_FALSE(parse_traffic_plan(value, "e", "m", 1).has_value());
}

}  // namespace
}  // namespace modelyard::rollout
