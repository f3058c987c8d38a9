#include "rollout/assignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/random.h"
#include "rollout/test_keys.h"

namespace modelyard::rollout {
namespace {

constexpr std::uint64_t kMost = UINT64_MAX;

TrafficPlan canary(int weight, std::string salt = "exp1") {
  TrafficPlan plan{.endpoint = "fraud", .model = "fraud"};
  if (weight < kWhole) plan.shares.push_back({1, kWhole - weight});
  if (weight > 0) plan.shares.push_back({2, weight});
  plan.stable = 1;
  plan.salt = std::move(salt);
  if (weight == 0) plan.warm = {2};
  if (weight == kWhole) plan.warm = {1};
  return plan;
}

TestKeys user(int number) {
  TestKeys keys;
  keys.headers["Modelyard-Unit"] = fmt::format("user{}", number);
  return keys;
}

TEST(Assignment, PutsUnitsWherePublishedVectorsSay) {
  EXPECT_EQ(point_of("exp1", "user1"), 0xd40bf26ee081d9d6);
  EXPECT_EQ(point_of("exp1", "user2"), 0x1cf5a7ffe604e956);
  EXPECT_EQ(point_of("exp1", "user42"), 0xd062970bfd7cc1a9);
}

TEST(Assignment, SendsEverythingToTheOnlyVersionWithoutAskingForKeys) {
  const Assignment assigned = assign(whole_to("e", "m", 7), TestKeys(), kMost);
  EXPECT_EQ(assigned.version, 7);
  EXPECT_EQ(assigned.arm, Arm::kNone);
  EXPECT_FALSE(assigned.exposed);
}

TEST(Assignment, CutsAtExactPlaces) {
  const TrafficPlan plan = canary(1);
  const auto at = [&](std::uint64_t point) { return assign(plan, TestKeys(), point).version; };
  // ceil(0.9999 · 2^64) is the first point of the last part.
  constexpr std::uint64_t kFirst = 18'444'899'399'302'180'661u;
  EXPECT_EQ(at(kFirst - 1), 1);
  EXPECT_EQ(at(kFirst), 2);
  EXPECT_EQ(at(0), 1);
  EXPECT_EQ(at(kMost), 2);
}

TEST(Assignment, IsTheSameForEveryRequestOfAUnit) {
  SeededRandom random(1);
  const TrafficPlan plan = canary(5000);
  const Assignment first = assign(plan, user(1), random.next());
  for (int i = 0; i < 100; ++i) {
    const Assignment again = assign(plan, user(1), random.next());
    EXPECT_EQ(again.version, first.version);
    EXPECT_EQ(again.unit_hash, point_of("exp1", "user1"));
  }
}

TEST(Assignment, TakesNobodyAwayFromAnArmThatGrows) {
  std::set<int> before;
  for (const int weight : {100, 500, 2500, 5000, 10'000}) {
    std::set<int> now;
    for (int i = 0; i < 5000; ++i) {
      if (assign(canary(weight), user(i), 0).arm == Arm::kCandidate) now.insert(i);
    }
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end())) << weight;
    EXPECT_NEAR(static_cast<double>(now.size()), weight * 0.5, 4 * std::sqrt(weight * 0.5)) << weight;
    before = now;
  }
}

TEST(Assignment, SpreadsUnitsEvenly) {
  std::vector<int> buckets(1000);
  constexpr int kUnits = 200'000;
  for (int i = 0; i < kUnits; ++i) ++buckets[point_of("exp1", fmt::format("user{}", i)) / (kMost / 1000 + 1)];
  double chi_square = 0;
  const double expected = kUnits / 1000.0;
  for (const int count : buckets) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, 1143.9);  // the 99.9th percentile with 999 degrees of freedom (scipy.stats.chi2.ppf)
}

TEST(Assignment, OfOneRolloutSaysNothingOfAnothers) {
  int both = 0, first = 0, second = 0;
  constexpr int kUnits = 20'000;
  for (int i = 0; i < kUnits; ++i) {
    const bool a = assign(canary(5000, "a"), user(i), 0).arm == Arm::kCandidate;
    const bool b = assign(canary(5000, "b"), user(i), 0).arm == Arm::kCandidate;
    first += a, second += b, both += a && b;
  }
  const double phi = (static_cast<double>(both) * kUnits - static_cast<double>(first) * second) /
                     std::sqrt(static_cast<double>(first) * second * (kUnits - first) * (kUnits - second));
  EXPECT_LT(std::abs(phi), 4 / std::sqrt(kUnits));
}

TEST(Assignment, GoesByChanceWithoutAUnit) {
  SeededRandom random(42);
  int candidates = 0;
  for (int i = 0; i < 100'000; ++i) candidates += assign(canary(1000), TestKeys(), random.next()).version == 2;
  EXPECT_NEAR(candidates, 10'000, 400);  // 4 sigma
}

TEST(Assignment, GoesByThePrincipalWhenThePlanSaysSo) {
  TrafficPlan plan = canary(5000);
  plan.sticky = *parse_request_key("principal");
  TestKeys keys;
  keys.name = "user1";
  EXPECT_EQ(assign(plan, keys, 0).unit_hash, point_of("exp1", "user1"));
  plan.sticky = *parse_request_key("none");
  EXPECT_EQ(assign(plan, keys, 17).unit_hash, 17u);
}

TEST(Assignment, LetsOverridesGoFirstAndCountsThemNot) {
  TrafficPlan plan = canary(0);
  plan.overrides.push_back(send("header:X-Tester", "yes", 2));
  plan.overrides.push_back(send("principal", "qa", 2));
  ASSERT_TRUE(validate(plan)) << validate(plan).error().message();
  TestKeys tester = user(1);
  tester.headers["X-Tester"] = "yes";
  const Assignment forced = assign(plan, tester, 0);
  EXPECT_EQ(forced.version, 2);
  EXPECT_EQ(forced.arm, Arm::kCandidate);
  EXPECT_FALSE(forced.exposed);
  TestKeys qa;
  qa.name = "qa";
  EXPECT_EQ(assign(plan, qa, 0).version, 2);
  tester.headers["X-Tester"] = "no";
  EXPECT_EQ(assign(plan, tester, 0).version, 1);
  EXPECT_TRUE(assign(plan, tester, 0).exposed);
}

TEST(Assignment, SharesOfALayerAreThoseOfItsSlice) {
  TrafficPlan plan = canary(2000);
  plan.layer = {"checkout", 0, 5000};
  int exposed = 0, candidates = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Assignment assigned = assign(plan, user(i), 0);
    exposed += assigned.exposed;
    candidates += assigned.arm == Arm::kCandidate;
  }
  EXPECT_NEAR(exposed, 10'000, 290);    // 4 sigma
  EXPECT_NEAR(candidates, 2'000, 180);  // a fifth of those
}

TEST(Assignment, WhoShowsNoUnitHasNoPlaceInALayer) {
  TrafficPlan plan = canary(kWhole);
  plan.layer = {"checkout", 0, kWhole};
  const Assignment assigned = assign(plan, TestKeys(), 17);
  EXPECT_EQ(assigned.version, 1);
  EXPECT_EQ(assigned.arm, Arm::kStable);
  EXPECT_FALSE(assigned.exposed);
}

TEST(Assignment, KeepsUnitsOfDisjointSlicesApart) {
  TrafficPlan first = canary(5000, "a"), second = canary(5000, "b");
  first.layer = {"checkout", 0, 5000};
  second.layer = {"checkout", 5000, kWhole};
  int exposed = 0;
  for (int i = 0; i < 2000; ++i) {
    const Assignment a = assign(first, user(i), 0), b = assign(second, user(i), 0);
    EXPECT_NE(a.exposed, b.exposed) << i;  // in just one of them
    EXPECT_TRUE(a.exposed || a.version == 1);
    exposed += a.exposed;
  }
  EXPECT_NEAR(exposed, 1000, 90);
}

}  // namespace
}  // namespace modelyard::rollout
