#include "base/snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace modelyard {
namespace {

TEST(Snapshot, CountsItsPublications) {
  Snapshot<int> snapshot(std::make_shared<int>(10));

  EXPECT_EQ(snapshot.generation(), 1u);
  EXPECT_EQ(snapshot.publish(std::make_shared<int>(20)), 2u);

  EXPECT_EQ(*snapshot.current(), 20);
  const auto [value, generation] = snapshot.current_with_generation();
  EXPECT_EQ(*value, 20);
  EXPECT_EQ(generation, 2u);
}

TEST(Snapshot, LeavesAReaderItsOldValue) {
  Snapshot<int> snapshot(std::make_shared<int>(10));
  const auto old = snapshot.current();

  snapshot.publish(std::make_shared<int>(20));

  EXPECT_EQ(*old, 10);
}

TEST(Snapshot, FreesAValueWithItsLastReader) {
  Snapshot<int> snapshot(std::make_shared<int>(10));
  auto reader = snapshot.current();
  const std::weak_ptr<const int> watched = reader;

  snapshot.publish(std::make_shared<int>(20));
  EXPECT_FALSE(watched.expired());
  reader.reset();

  EXPECT_TRUE(watched.expired());
}

// Publishes from its destructor: works only if the old value dies outside the lock.
struct Republisher {
  Snapshot<Republisher>* snapshot = nullptr;
  ~Republisher() {
    if (snapshot) snapshot->publish(std::make_shared<Republisher>());
  }
};

TEST(Snapshot, ReleasesTheOldValueOutsideItsLock) {
  Snapshot<Republisher> snapshot(std::make_shared<Republisher>());
  auto value = std::make_shared<Republisher>();
  value->snapshot = &snapshot;
  snapshot.publish(std::move(value));

  snapshot.publish(std::make_shared<Republisher>());

  EXPECT_EQ(snapshot.generation(), 4u);
}

TEST(Snapshot, ShowsReadersWholeValuesInOrder) {
  struct Pair {
    int left, right;
  };
  constexpr int kPublications = 2000;
  Snapshot<Pair> snapshot(std::make_shared<Pair>(Pair{0, 0}));
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;

  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int last = 0; last < kPublications;) {
        const auto [value, generation] = snapshot.current_with_generation();
        if (value->left != value->right || value->left < last) ++wrong;
        if (generation != static_cast<std::uint64_t>(value->left) + 1) ++wrong;
        last = value->left;
      }
    });
  }
  for (int i = 1; i <= kPublications; ++i) snapshot.publish(std::make_shared<Pair>(Pair{i, i}));
  readers.clear();

  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace modelyard
