#include "journal/retention.h"

#include <gtest/gtest.h>

namespace modelyard::journal {
namespace {

using std::chrono::days;

constexpr std::int64_t kDay = 86'400'000'000;
const UtcTime kNow = utc_from_micros(1'790'000'000'000'000);

// Segments of 100 bytes, so many days old.
std::vector<Candidate> aged(std::initializer_list<std::int64_t> ages, const std::string& endpoint = "fraud") {
  std::vector<Candidate> candidates;
  for (const std::int64_t age : ages) candidates.push_back({endpoint, utc_micros(kNow) - age * kDay, 100});
  return candidates;
}

std::vector<Candidate> operator+(std::vector<Candidate> a, const std::vector<Candidate>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::size_t> places(const std::vector<Candidate>& candidates, const Retention& retention) {
  std::vector<std::size_t> places;
  for (const Deletion& deletion : deletions_due(candidates, retention, kNow)) places.push_back(deletion.candidate);
  return places;
}

using Places = std::vector<std::size_t>;

TEST(Retention, DeletesTheOldestUntilTheSizeIsWithinItsBound) {
  const Retention retention{{200, {}}, {}, {{"fraud", 50}}};
  EXPECT_EQ(places(aged({1, 9, 5}), retention), (Places{1, 2}));
  EXPECT_EQ(deletions_due(aged({1, 9, 5}), retention, kNow)[0].reason, "the journal had more than 200 bytes");
}

TEST(Retention, DeletesWhatIsOlderThanItsBound) {
  const Retention retention{{0, days(7)}, {}, {}};
  EXPECT_EQ(places(aged({1, 9, 5}), retention), (Places{1}));
  EXPECT_EQ(deletions_due(aged({1, 9, 5}), retention, kNow)[0].reason, "older than 7 days");
}

TEST(Retention, KeepsEverythingWithoutABound) {
  EXPECT_EQ(places(aged({1, 9000}), {{}, {}, {{"fraud", 1u << 30}}}), Places{});
}

TEST(Retention, KeepsWhatIsExactlyWithin) {
  EXPECT_EQ(places(aged({7, 1}), {{200, days(7)}, {}, {}}), Places{});
}

TEST(Retention, CountsOpenSegmentsThatItCannotDelete) {
  EXPECT_EQ(places(aged({1}), {{500, {}}, {}, {{"churn", 1000}}}), (Places{0}));
}

TEST(Retention, HoldsAnEndpointToItsOwnBounds) {
  const auto segments = aged({1, 9, 5}) + aged({2, 10}, "churn");
  EXPECT_EQ(places(segments, {{}, {{"fraud", {{0, days(7)}}}}, {}}), (Places{1}));
  const Retention by_size{{}, {{"churn", {{100, {}}}}}, {}};
  EXPECT_EQ(places(segments, by_size), (Places{4}));
  EXPECT_EQ(deletions_due(segments, by_size, kNow)[0].reason, "the endpoint had more than 100 bytes");
}

TEST(Retention, FallsBackOnTheBoundOfAllWhenOwnBoundsAreNotEnough) {
  const auto segments = aged({1, 9}) + aged({2, 10}, "churn");
  EXPECT_EQ(places(segments, {{200, {}}, {{"churn", {{100, {}}}}}, {}}), (Places{3, 1}));
}

TEST(Retention, DeletesNothingThatIsOnHold) {
  const auto segments = aged({1, 9, 5}) + aged({2, 3}, "churn");
  const Retention retention{{100, days(7)}, {{"fraud", {{100, days(1)}, true}}}, {}};
  EXPECT_EQ(places(segments, retention), (Places{4})) << "what is on hold does not count for the others";
}

}  // namespace
}  // namespace modelyard::journal
