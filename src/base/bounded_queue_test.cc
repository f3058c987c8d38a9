#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace modelyard {
namespace {

TEST(BoundedQueue, GivesItemsBackInOrder) {
  BoundedQueue<int> queue(3);
  for (int item : {1, 2, 3}) EXPECT_TRUE(queue.try_push(item));

  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(BoundedQueue, LeavesTheItemWithTheCallerWhenFull) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1), second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(first));

  EXPECT_FALSE(queue.try_push(second));

  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(queue.size(), queue.capacity());
}

TEST(BoundedQueue, DrainsAfterClosingAndTakesNothingNew) {
  BoundedQueue<int> queue(4);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item));

  queue.close();

  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, WakesEveryWaiterWhenClosed) {
  BoundedQueue<int> queue(1);
  std::atomic<int> ended{0};
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] {
      if (!queue.pop()) ++ended;
    });
  }

  queue.close();
  waiters.clear();

  EXPECT_EQ(ended, 4);
}

TEST(BoundedQueue, LosesAndDoublesNothingBetweenManyThreads) {
  constexpr int kProducers = 3, kConsumers = 3, kEach = 4000;
  BoundedQueue<int> queue(16);
  std::atomic<int> over_capacity{0};
  std::vector<std::vector<int>> taken(kConsumers);

  std::vector<std::jthread> consumers;
  for (auto& mine : taken) {
    consumers.emplace_back([&] {
      while (const auto item = queue.pop()) mine.push_back(*item);
    });
  }
  std::vector<std::jthread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        int item = p * kEach + i;
        while (!queue.try_push(item)) std::this_thread::yield();
        if (queue.size() > queue.capacity()) ++over_capacity;
      }
    });
  }
  producers.clear();
  queue.close();
  consumers.clear();

  std::vector<int> all;
  for (const auto& mine : taken) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kProducers * kEach));
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<int>(i));
  EXPECT_EQ(over_capacity, 0);
}

}  // namespace
}  // namespace modelyard
