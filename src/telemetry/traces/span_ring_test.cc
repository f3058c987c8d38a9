#include "telemetry/traces/span_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace modelyard::telemetry {
namespace {

TEST(SpanRing, GivesBackInOrderAndRefusesWhatFindsNoRoom) {
  SpanRing<int> ring(4);
  const auto push = [&](int value) { return ring.push([&](int& slot) { slot = value; }); };
  std::vector<int> seen;
  const auto pop = [&] { return ring.pop([&](const int& slot) { seen.push_back(slot); }); };

  for (int i = 0; i < 4; ++i) EXPECT_TRUE(push(i));
  EXPECT_FALSE(push(4));
  EXPECT_EQ(ring.size(), 4u);
  EXPECT_TRUE(pop());
  EXPECT_TRUE(push(5));
  while (pop()) continue;

  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 5}));
  EXPECT_EQ(ring.size(), 0u);
}

TEST(SpanRing, UsesTheMemoryOfTextsAgain) {
  SpanRing<std::string> ring(1);
  ring.push([](std::string& slot) { slot.assign(1000, 'x'); });
  const char* memory = nullptr;
  ring.pop([&](const std::string& slot) { memory = slot.data(); });

  ring.push([&](std::string& slot) {
    slot = std::string_view("short");
    EXPECT_EQ(slot.data(), memory);
  });
}

TEST(SpanRing, LosesNothingBetweenTwoThreads) {
  constexpr int kMany = 100'000;
  SpanRing<std::string> ring(64);
  int dropped = 0;
  std::thread loop([&] {
    for (int i = 0; i < kMany; ++i) {
      if (!ring.push([&](std::string& slot) { slot = std::to_string(i); })) ++dropped;
    }
    while (!ring.push([](std::string& slot) { slot = "end"; })) std::this_thread::yield();
  });
  int seen = 0, last = -1;
  for (bool ended = false; !ended;) {
    ring.pop([&](const std::string& slot) {
      if ((ended = slot == "end")) return;
      EXPECT_GT(std::stoi(slot), last);
      last = std::stoi(slot);
      ++seen;
    });
  }
  loop.join();

  EXPECT_EQ(seen + dropped, kMany);
}

}  // namespace
}  // namespace modelyard::telemetry
