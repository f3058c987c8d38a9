#include "control/endpoints/traffic.h"

#include <gtest/gtest.h>

namespace modelyard::control {
namespace {

std::string refusal_of(Json changes) {
  Json document = {{"versions", Json::array({{{"version", 1}, {"percent", 100}}})}, {"reason", "why not"}};
  document.update(changes);
  const auto request = parse_traffic_request(document);
  return request ? "" : request.error().message();
}

Json two(double first, double second) {
  return {{"versions", Json::array({{{"version", 2}, {"percent", first}}, {{"version", 1}, {"percent", second}}})}};
}

TEST(TrafficRequest, IsAPlanOfPercents) {
  const auto document =
      parse_json(R"({"versions": [{"version": 2, "percent": 12.5}, {"version": 1, "percent": "87.5%"}],
      "shadows": [{"version": 3, "percent": 10}], "sticky": "principal", "reason": "a try", "wait_seconds": 5,
      "overrides": [{"key": "header:X-Tester", "value": "yes", "version": 4},
                    {"key": "header:X-Tester", "value": "maybe", "version": 4},
                    {"key": "header:X-Tester", "value": "no", "version": 3}]})");

  const auto request = parse_traffic_request(*document);

  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->plan.shares, (std::vector<rollout::Share>{{1, 8'750}, {2, 1'250}}));
  EXPECT_EQ(request->plan.shadows, (std::vector<rollout::Shadow>{{3, 1'000}}));
  EXPECT_EQ(request->plan.warm, std::vector<VersionNumber>{4});
  EXPECT_EQ(request->plan.sticky.by, rollout::KeyKind::kPrincipal);
  EXPECT_EQ(request->wait, std::chrono::seconds(5));
  EXPECT_TRUE(validate(request->plan));
  EXPECT_EQ(text_of_shares(request->plan), "version 1 87.5 %, version 2 12.5 %");
}

TEST(TrafficRequest, OfOneVersionIsThePlanOfADeployment) {
  const auto request =
      parse_traffic_request({{"versions", Json::array({{{"version", 7}, {"percent", 100}}})}, {"reason", "all of it"}});

  ASSERT_TRUE(request);
  EXPECT_EQ(to_json(request->plan), to_json(rollout::whole_to("e", "m", 7)));
}

TEST(TrafficRequest, RefusesPercentsThatAreNotAHundred) {
  EXPECT_EQ(refusal_of(two(10, 80)), "versions: the percents sum to 90, not to 100");
  EXPECT_EQ(refusal_of(two(99.99, 0.02)), "versions: the percents sum to 100.01, not to 100");
  EXPECT_EQ(refusal_of(two(100, 0)), "versions[1].percent: 0 % is not above 0 and at most 100 %");
  EXPECT_EQ(refusal_of({{"versions", Json::array()}}), "versions: 0 versions: write 1 to 16");
}

TEST(TrafficRequest, RefusesMoreVersionsThanAPlanHas) {
  Json versions = Json::array();
  for (int i = 1; i <= 20; ++i) versions.push_back({{"version", i}, {"percent", 5}});
  EXPECT_EQ(refusal_of({{"versions", versions}}), "versions: 20 versions: write 1 to 16");
}

TEST(TrafficRequest, RefusesWhatSaysNothing) {
  EXPECT_EQ(refusal_of({{"reason", ""}}), "reason: say why; the audit log keeps it");
  EXPECT_EQ(refusal_of({{"weights", 1}}), "weights: unknown field");
  const Json twice = {{"version", 1}, {"percent", 50}};
  EXPECT_EQ(refusal_of({{"versions", Json::array({twice, twice})}}), "versions[1].version: version 1 is there twice");
}

}  // namespace
}  // namespace modelyard::control
