#include "monitoring/drift/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

// Numbers of a stream of equal chances, moved and stretched.
FeatureProfile numbers(std::uint32_t seed, std::size_t size, double shift = 0, double scale = 1) {
  FeatureProfile profile(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(seed, size)) profile.add(shift + scale * u);
  return profile;
}

FeatureProfile categories(std::initializer_list<std::pair<const char*, int>> counts) {
  FeatureProfile profile(FeatureKind::kCategory);
  for (const auto& [text, count] : counts) {
    for (int i = 0; i < count; ++i) profile.add(text);
  }
  return profile;
}

FeatureDrift only(const FeatureProfile& reference, const FeatureProfile& current, const DriftRule& rule = {}) {
  Profiles before, now;
  before.emplace("x", reference);
  now.emplace("x", current);
  return compare(before, now, rule).front();
}

TEST(Comparison, SeesANumberMove) {
  const FeatureDrift drift = only(numbers(1, 5000), numbers(2, 5000, 0.2));

  EXPECT_EQ(drift.verdict, DriftVerdict::kDrifted);
  // A uniform number has a standard deviation of √(1/12).
  EXPECT_NEAR(drift.distance, 0.2 * std::sqrt(12), 0.05);
  EXPECT_LT(drift.p, 1e-9);
  EXPECT_THAT(drift.change, HasSubstr("median 0.4954"));
  EXPECT_THAT(drift.change, HasSubstr("→ 0.7089"));
}

TEST(Comparison, SeesAUnitChange) {
  const FeatureDrift drift = only(numbers(1, 500), numbers(2, 500, 0, 1000));
  EXPECT_EQ(drift.verdict, DriftVerdict::kDrifted);
  EXPECT_GT(drift.distance, 100);
}

TEST(Comparison, TellsAChangeOfScaleFromAMove) {
  EXPECT_NEAR(only(numbers(1, 500, 2), numbers(2, 500, 2000, 1000)).scale.value(), 1000, 20);
  EXPECT_NEAR(only(numbers(1, 500, 2), numbers(2, 500, 0.2, 0.1)).scale.value(), 0.1, 0.002);
  EXPECT_EQ(only(numbers(1, 500, 10), numbers(2, 500, 15)).scale, std::nullopt) << "all × 1.5, but as wide as before";
  EXPECT_EQ(only(numbers(1, 500), numbers(2, 500)).scale, std::nullopt);
  EXPECT_EQ(only(numbers(1, 500, -1), numbers(2, 500, 1)).scale, std::nullopt);
}

TEST(Comparison, DoesNotCallASmallMoveDriftHoweverSureItIs) {
  const FeatureDrift drift = only(numbers(1, 200'000), numbers(2, 200'000, 0.02));
  EXPECT_EQ(drift.verdict, DriftVerdict::kStable);
  EXPECT_LT(drift.p, 0.05);
}

TEST(Comparison, DoesNotCallAMoveOfFewRowsDrift) {
  const FeatureDrift drift = only(numbers(1, 120), numbers(2, 120, 0.04));
  EXPECT_EQ(drift.verdict, DriftVerdict::kStable);
  EXPECT_EQ(only(numbers(1, 99), numbers(2, 5000, 3)).verdict, DriftVerdict::kNoData);
}

TEST(Comparison, IsSoonerSureOfWhatMattersMore) {
  Profiles reference, current;
  for (const char* const name : {"a", "b", "c", "d"}) {
    reference.emplace(name, numbers(1, 1000));
    current.emplace(name, numbers(2, 200, *name == 'a' ? 0.05 : 0.0));
  }
  const auto p_of = [&](const DriftRule& rule, std::string_view feature) {
    const auto all = compare(reference, current, rule);
    return std::ranges::find(all, feature, &FeatureDrift::feature)->p;
  };
  DriftRule rule;
  const double equal = p_of(rule, "a");
  rule.importance = {{"a", 10.0}, {"d", 0.0}};
  EXPECT_NEAR(p_of(rule, "a"), equal * 12.0 / 4 / 10, 1e-12);
  EXPECT_EQ(p_of(rule, "d"), 1);
}

TEST(Comparison, SeesSharesOfCategoriesMoveAndNewOnesCome) {
  const FeatureDrift drift =
      only(categories({{"de", 600}, {"fr", 400}}), categories({{"de", 300}, {"fr", 400}, {"pl", 300}}));

  EXPECT_EQ(drift.verdict, DriftVerdict::kDrifted);
  // scipy.spatial.distance.jensenshannon([.6, .4, 0], [.3, .4, .3]), scipy 1.17.1.
  EXPECT_NEAR(drift.distance, 0.35980124041378936, 1e-9);
  EXPECT_LT(drift.p, 1e-9);
  EXPECT_THAT(drift.change, HasSubstr("'de' 60 % → 30 %"));
  EXPECT_EQ(only(categories({{"de", 600}, {"fr", 400}}), categories({{"de", 590}, {"fr", 410}})).verdict,
            DriftVerdict::kStable);
}

TEST(Comparison, SeesValuesGoMissing) {
  FeatureProfile stuck = numbers(2, 900);
  for (int i = 0; i < 100; ++i) stuck.add(std::nan(""));

  const FeatureDrift drift = only(numbers(1, 1000), stuck);

  EXPECT_EQ(drift.verdict, DriftVerdict::kDrifted);
  EXPECT_EQ(drift.current_missing, 0.1);
  EXPECT_EQ(drift.change, "missing 0 % → 10 %");
  FeatureProfile all_gone(FeatureKind::kNumber);
  for (int i = 0; i < 1000; ++i) all_gone.add(std::nan(""));
  EXPECT_EQ(only(numbers(1, 1000), all_gone).verdict, DriftVerdict::kDrifted);
}

TEST(Comparison, TellsWhatIsOnOneSideOnlyOrOfAnotherKind) {
  Profiles before, now;
  before.emplace("gone", numbers(1, 200));
  now.emplace("new", numbers(1, 200));
  before.emplace("kind", numbers(1, 200));
  now.emplace("kind", categories({{"a", 200}}));

  for (const FeatureDrift& drift : compare(before, now))
    EXPECT_EQ(drift.verdict, DriftVerdict::kMissing) << drift.feature;
}

TEST(Comparison, PutsTheMostDriftedFirst) {
  Profiles before, now;
  for (const auto& [name, shift] : {std::pair("calm", 0.0), std::pair("some", 0.2), std::pair("most", 0.9)}) {
    before.emplace(name, numbers(1, 2000));
    now.emplace(name, numbers(2, 2000, shift));
  }
  const auto all = compare(before, now);
  EXPECT_EQ(all[0].feature, "most");
  EXPECT_EQ(all[1].feature, "some");
  EXPECT_EQ(all[2].verdict, DriftVerdict::kStable);
}

TEST(Comparison, ComparesMergedProfilesAsOnesOfAllRows) {
  FeatureProfile first = numbers(3, 100, 0.3), second = numbers(4, 100, 0.3);
  ASSERT_TRUE(first.merge(second));
  EXPECT_EQ(first.rows(), 200u);
  EXPECT_EQ(only(numbers(1, 200), first).verdict, DriftVerdict::kDrifted);
  EXPECT_FALSE(first.merge(categories({{"a", 1}})));
}

// Where nothing changes, hardly any feature is called drifted: the floor and the correction both have to fail.
TEST(Comparison, RaisesNoFalseAlarmsWhereNothingHasChanged) {
  constexpr int kRounds = 200, kFeatures = 10;
  int alarms = 0;
  std::uint32_t seed = 1;
  for (int round = 0; round < kRounds; ++round) {
    Profiles before, now;
    for (int i = 0; i < kFeatures; ++i) {
      before.emplace("f" + std::to_string(i), numbers(seed, 300));
      now.emplace("f" + std::to_string(i), numbers(seed + 1, 300));
      seed += 7919;
    }
    for (const FeatureDrift& drift : compare(before, now)) alarms += drift.verdict == DriftVerdict::kDrifted ? 1 : 0;
  }
  // At most alpha of the rounds has one; 3 σ above.
  EXPECT_LE(alarms, kRounds * 0.05 + 3 * std::sqrt(kRounds * 0.05 * 0.95));
}

TEST(Comparison, SaysThatTextsOfWhichEachIsRareWereNotCompared) {
  FeatureProfile planes(FeatureKind::kCategory), others(FeatureKind::kCategory);
  for (int i = 0; i < 3000; ++i) {
    planes.add(fmt::format("N{}", i));
    others.add(fmt::format("M{}", i));
  }
  const FeatureDrift drift = only(planes, others);
  EXPECT_EQ(drift.verdict, DriftVerdict::kNoData);
  EXPECT_THAT(drift.change, HasSubstr("too rare to compare"));

  for (int i = 0; i < 3000; ++i) others.add("");
  EXPECT_EQ(only(planes, others).verdict, DriftVerdict::kDrifted);  // missing values are seen all the same
}

}  // namespace
}  // namespace modelyard::monitoring
