#include "monitoring/profile/profile_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace modelyard::monitoring {
namespace {

constexpr std::uint64_t kMuch = 1u << 30;
const UtcTime kStart = *parse_utc("2026-03-01T00:00:00Z");

StreamProfile profile_of(UtcTime from, std::chrono::seconds width, int rows, VersionNumber version = 1) {
  StreamProfile profile{"fraud", {"m", version}, {}};
  profile.window.from = from;
  profile.window.to = from + width;
  profile.window.rows = profile.window.profiled = static_cast<std::uint64_t>(rows);
  FeatureProfile numbers(FeatureKind::kNumber, 200);
  for (int i = 0; i < rows; ++i) {
    numbers.add(i);
    profile.window.traffic.add(Ending::kAnswered, std::chrono::milliseconds(1));
  }
  profile.window.features.emplace("x", std::move(numbers));
  return profile;
}

class ProfileStoreTest : public testing::Test {
 protected:
  std::unique_ptr<ProfileStore> open(std::uint64_t most_bytes = kMuch) {
    auto store = ProfileStore::open(folder_ / "profiles.db", std::chrono::minutes(5), most_bytes);
    EXPECT_TRUE(store) << store.error().message();
    return std::move(*store);
  }
  // Windows of five minutes for so many hours.
  static void fill(ProfileStore& store, int hours) {
    for (int i = 0; i < 12 * hours; ++i) {
      const auto window = std::chrono::minutes(5);
      ASSERT_TRUE(store.put({profile_of(kStart + i * window, window, 10)}));
    }
  }

  TestFolder folder_;
};

TEST_F(ProfileStoreTest, GivesBackWhatWasPutAfterItWasOpenedAgain) {
  ASSERT_TRUE(open()->put({profile_of(kStart, std::chrono::minutes(5), 10)}));

  const auto windows = open()->windows("fraud", kStart, kStart + std::chrono::hours(1), 1000);

  ASSERT_TRUE(windows) << windows.error().message();
  ASSERT_EQ(windows->size(), 1u);
  EXPECT_EQ((*windows)[0].version, (VersionRef{"m", 1}));
  EXPECT_EQ(to_json((*windows)[0].window), to_json(profile_of(kStart, std::chrono::minutes(5), 10).window));
}

TEST_F(ProfileStoreTest, PutsTheVersionsOfAnEndpointTogetherEachForItself) {
  const auto store = open();
  const auto window = std::chrono::minutes(5);
  ASSERT_TRUE(store->put({profile_of(kStart, window, 10, 1), profile_of(kStart, window, 20, 2)}));
  ASSERT_TRUE(store->put({profile_of(kStart + window, window, 30, 2)}));

  const auto read = store->read("fraud", kStart, kStart + std::chrono::hours(1));

  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].window.rows, 10u);
  EXPECT_EQ((*read)[1].window.rows, 50u);
  EXPECT_EQ((*read)[1].window.features.at("x").rows(), 50u);
  EXPECT_TRUE(store->read("other", kStart, kStart + std::chrono::hours(1))->empty());
  EXPECT_TRUE(store->read("fraud", kStart - std::chrono::hours(1), kStart)->empty());
}

TEST_F(ProfileStoreTest, KeepsOneWindowHoweverOftenItIsPut) {
  const auto store = open();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(store->put({profile_of(kStart + std::chrono::minutes(i), std::chrono::minutes(1), 10)}));
  }
  ASSERT_TRUE(store->put({profile_of(kStart + std::chrono::minutes(5), std::chrono::minutes(1), 10)}));

  const auto windows = *store->windows("fraud", kStart, kStart + std::chrono::hours(1), 1000);

  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].window.rows, 40u);
  EXPECT_EQ(windows[0].window.to, kStart + std::chrono::minutes(4));
}

TEST_F(ProfileStoreTest, WidensWhatIsOldAndLosesNoRow) {
  const auto store = open();
  fill(*store, 8);

  ASSERT_TRUE(store->compact(kStart + std::chrono::hours(8)));

  const auto windows = *store->windows("fraud", kStart, kStart + std::chrono::hours(8), 1000);
  ASSERT_EQ(windows.size(), 5u + 36u);  // five hours, and three in five minutes each
  std::uint64_t rows = 0;
  for (const auto& window : windows) rows += window.window.rows;
  EXPECT_EQ(rows, 8u * 12 * 10);
  EXPECT_EQ(windows[0].window.to - windows[0].window.from, std::chrono::hours(1));
  EXPECT_EQ(windows[0].window.features.at("x").rows(), 120u);
  ASSERT_TRUE(store->compact(kStart + std::chrono::hours(8)));
  EXPECT_EQ(store->windows("fraud", kStart, kStart + std::chrono::hours(8), 1000)->size(), 41u);
}

TEST_F(ProfileStoreTest, KeepsDaysForAQuarterOfAYear) {
  const auto store = open();
  fill(*store, 30);

  ASSERT_TRUE(store->compact(kStart + std::chrono::days(10)));
  const auto days = *store->windows("fraud", kStart, kStart + std::chrono::days(2), 1000);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0].window.rows, 24u * 12 * 10);

  ASSERT_TRUE(store->compact(kStart + std::chrono::days(91)));
  EXPECT_EQ(store->windows("fraud", kStart, kStart + std::chrono::days(2), 1000)->size(), 1u);
  ASSERT_TRUE(store->compact(kStart + std::chrono::days(93)));
  EXPECT_TRUE(store->windows("fraud", kStart, kStart + std::chrono::days(2), 1000)->empty());
}

TEST_F(ProfileStoreTest, RemovesTheOldestWhenThereIsTooMuch) {
  const auto store = open(10'000);
  fill(*store, 3);
  const auto before = store->windows("fraud", kStart, kStart + std::chrono::hours(3), 1000)->size();

  ASSERT_TRUE(store->compact(kStart + std::chrono::hours(3)));

  const auto left = *store->windows("fraud", kStart, kStart + std::chrono::hours(3), 1000);
  EXPECT_LT(left.size(), before);
  EXPECT_GT(left.size(), 5u);
  EXPECT_EQ(left.back().window.from, kStart + 35 * std::chrono::minutes(5));
}

}  // namespace
}  // namespace modelyard::monitoring
