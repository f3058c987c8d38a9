// Every label that was acknowledged is there after the process was killed, at 200 points of time.
#include <gtest/gtest.h>

#include <map>

#include "base/test_folder.h"
#include "journal/ground_truth/label_store.h"
#include "journal/killed_child.h"

namespace modelyard::journal {
namespace {

constexpr std::size_t kLabelsOfACall = 3;

// Calls until it is killed, and says which call was answered.
[[noreturn]] void put_labels(const std::string& path, std::uint64_t seed, int pipe) {
  const auto store = LabelStore::open(path, system_clock());
  if (!store) ::_exit(3);
  SeededRandom random(seed);
  for (;;) {
    const Uuid id = Uuid::make_v7(system_clock().utc_now(), random);
    std::vector<Label> labels;
    for (std::size_t row = 0; row < kLabelsOfACall; ++row) {
      labels.push_back({.prediction = id, .row = static_cast<std::int64_t>(row), .value = 1.0});
    }
    std::vector<std::size_t> refused;
    if (!(*store)->put("fraud", labels, "", refused)) ::_exit(4);
    if (::write(pipe, id.bytes().data(), 16) != 16) ::_exit(5);
  }
}

TEST(LabelCrashTest, KeepsEveryAcknowledgedCallWholeWhenItIsKilledAt200Points) {
  SeededRandom random(20261127);
  std::size_t all = 0;
  for (int point = 0; point < 200; ++point) {
    const TestFolder folder;
    const auto time = std::chrono::microseconds(random.next() % 40'000);
    const std::uint64_t seed = random.next();
    const auto answered = kill_after(time, [&](int pipe) { put_labels(folder / "labels.db", seed, pipe); });
    const auto store = LabelStore::open(folder / "labels.db", system_clock());
    ASSERT_TRUE(store) << store.error().message();
    std::map<Uuid, std::size_t> rows;
    ASSERT_TRUE((*store)->scan("fraud", UtcTime::min(), UtcTime::max(), UtcTime::max(),
                               [&](const KeptLabel& label) { ++rows[*label.prediction]; }));
    for (const Uuid& id : answered) ASSERT_EQ(rows[id], kLabelsOfACall);
    for (const auto& [id, count] : rows) EXPECT_EQ(count, kLabelsOfACall) << "half a call";
    EXPECT_LE(rows.size(), answered.size() + 1);
    EXPECT_EQ((*store)->totals()[0].tally.stored, rows.size() * kLabelsOfACall);
    all += answered.size();
  }
  EXPECT_GT(all, 200u) << "each point has one; some must have hit a later call";
}

}  // namespace
}  // namespace modelyard::journal
