#include "rollout/traffic_plan.h"

#include <gtest/gtest.h>

#include "rollout/test_keys.h"

namespace modelyard::rollout {
namespace {

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
  value["weights"] = Json::array();

  EXPECT_FALSE(parse_traffic_plan(value, "e", "m", 1).has_value());
}

TrafficPlan full() {
  TrafficPlan plan{"fraud", "scorer", 3, {{1, 9'000}, {2, 1'000}}};
  plan.stable = 1;
  plan.salt = "rollout-3";
  plan.sticky = *parse_request_key("header:X-User");
  plan.overrides.push_back(send("principal", "qa", 2));
  plan.shadows = {{4, 500}};
  plan.warm = {5};
  plan.layer = {"checkout", 0, 5'000};
  plan.falls_back = true;
  return plan;
}

TEST(TrafficPlan, SurvivesItsJsonFormWithAllFields) {
  const auto read = parse_traffic_plan(to_json(full()), "fraud", "scorer", 3);

  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read, full());
  EXPECT_EQ(versions_of(*read), (std::vector<VersionNumber>{1, 2, 4, 5}));
}

struct Refused {
  std::string field;
  Json value;
  std::string why;
};

TEST(TrafficPlan, RefusesWhatCannotBe) {
  const std::vector<Refused> cases = {
      {"stable", 9, "plan of 'fraud': the stable version 9 is neither among the shares nor kept warm"},
      {"sticky", "user", "'user' is not a key of requests: expected 'header:NAME', 'principal' or 'none'"},
      {"sticky", "header:", "'header:' is not a key of requests: expected 'header:NAME', 'principal' or 'none'"},
      {"sticky", "header:a b", "'header:a b' is not a key of requests: expected 'header:NAME', 'principal' or 'none'"},
      {"shadows", Json::array({{{"version", 2}, {"share", 1}}}),
       "plan of 'fraud': version 2 cannot answer and be a shadow"},
      {"shadows", Json::array({{{"version", 4}, {"share", 0}}}),
       "plan of 'fraud': weight 0 of version 4 is not in 1..10000"},
      {"overrides", Json::array({{{"key", "none"}, {"value", "x"}, {"version", 1}}}),
       "plan of 'fraud': an override needs a key: 'header:NAME' or 'principal'"},
      {"overrides", Json::array({{{"key", "principal"}, {"value", "x"}, {"version", 8}}}),
       "plan of 'fraud': an override sends requests to version 8, which is neither among the shares nor a shadow nor "
       "kept warm"},
      {"warm", Json::array({0}), "plan of 'fraud': warm: versions begin at 1"},
      {"warm", Json::array({"1"}), "plan.warm[0]: expected a version's number"},
      {"layer",
       {{"name", "a"}, {"from", 5}, {"to", 5}},
       "plan of 'fraud': the slice 5..5 of layer 'a' is not within 0..10000"},
      {"layer", {{"name", ""}, {"from", 0}, {"to", 5}}, "plan of 'fraud': the name of a layer has 1 to 256 bytes"},
      {"stable", 0, "plan of 'fraud': a layer or fall-back needs a stable version"},
      {"shares", Json::array({{{"version", 1}, {"weight", 10'001}}}),
       "plan.shares[0].weight: 10001 is not in 0..10000"},
  };
  for (const Refused& one : cases) {
    Json value = to_json(full());
    value[one.field] = one.value;
    const auto read = parse_traffic_plan(value, "fraud", "scorer", 3);
    ASSERT_FALSE(read.has_value()) << one.why;
    EXPECT_EQ(read.error().message(), one.why);
  }
}

}  // namespace
}  // namespace modelyard::rollout
