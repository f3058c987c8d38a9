#include "journal/retention.h"

#include <gtest/gtest.h>

namespace modelyard::journal {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;

std::vector<Candidate> days(std::initializer_list<std::int64_t> ages, UtcTime now) {
  std::vector<Candidate> candidates;
  for (const std::int64_t age : ages) candidates.push_back({"fraud", "f", utc_micros(now) - age * kDay, 100});
  return candidates;
}

std::vector<std::size_t> places(const std::vector<Deletion>& deletions) {
  std::vector<std::size_t> places;
  for (const Deletion& deletion : deletions) places.push_back(deletion.candidate);
  return places;
}

const UtcTime kNow = utc_from_micros(1'790'000'000'000'000);

TEST(Retention, DeletesTheOldestUntilTheSizeIsWithinItsBound) {
  const auto due = deletions_due(days({1, 9, 5}, kNow), 50, {200, {}}, kNow);
  EXPECT_EQ(places(due), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(due[0].reason, "the journal had more than 200 bytes");
}

TEST(Retention, DeletesWhatIsOlderThanItsBound) {
  const auto due = deletions_due(days({1, 9, 5}, kNow), 0, {0, std::chrono::days(7)}, kNow);
  EXPECT_EQ(places(due), (std::vector<std::size_t>{1}));
  EXPECT_EQ(due[0].reason, "older than 7 days");
}

TEST(Retention, KeepsEverythingWithoutABound) {
  EXPECT_TRUE(deletions_due(days({1, 9000}, kNow), 1u << 30, {}, kNow).empty());
}

TEST(Retention, KeepsWhatIsExactlyWithin) {
  EXPECT_TRUE(deletions_due(days({7, 1}, kNow), 0, {200, std::chrono::days(7)}, kNow).empty());
}

TEST(Retention, CountsOpenSegmentsThatItCannotDelete) {
  EXPECT_EQ(places(deletions_due(days({1}, kNow), 1000, {500, {}}, kNow)), (std::vector<std::size_t>{0}));
}

}  // namespace
}  // namespace modelyard::journal
