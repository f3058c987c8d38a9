#include "journal/lane.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace modelyard::journal {
namespace {

bool put(Lane& lane, std::string_view text) {
  std::byte* const room = lane.room(text.size());
  if (room == nullptr) return false;
  std::memcpy(room, text.data(), text.size());
  lane.commit();
  return true;
}

std::vector<std::string> take_all(Lane& lane) {
  std::vector<std::string> entries;
  lane.take([&](std::span<const std::byte> entry) {
    entries.emplace_back(reinterpret_cast<const char*>(entry.data()), entry.size());
  });
  return entries;
}

TEST(Lane, GivesEntriesInTheOrderTheyCame) {
  Lane lane(256);
  for (const char* text : {"one", "", "three"}) ASSERT_TRUE(put(lane, text));
  EXPECT_EQ(take_all(lane), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_TRUE(take_all(lane).empty());
}

TEST(Lane, RefusesAnEntryThatFindsNoRoomAndKeepsTheOthers) {
  Lane lane(64);
  EXPECT_TRUE(put(lane, std::string(24, 'a')));
  EXPECT_TRUE(put(lane, std::string(24, 'b')));
  EXPECT_FALSE(put(lane, "c"));
  EXPECT_EQ(take_all(lane), (std::vector<std::string>{std::string(24, 'a'), std::string(24, 'b')}));
  EXPECT_TRUE(put(lane, "c"));
  EXPECT_FALSE(put(lane, std::string(100, 'd'))) << "larger than the ring";
}

TEST(Lane, KeepsEntriesInOnePieceAtTheEndOfTheRing) {
  Lane lane(128);
  for (int round = 0; round < 1000; ++round) {
    const std::string text(static_cast<std::size_t>(round % 41), static_cast<char>('a' + round % 26));
    ASSERT_TRUE(put(lane, text)) << round;
    ASSERT_EQ(take_all(lane), std::vector<std::string>{text}) << round;
  }
}

TEST(Lane, ReachesThePositionOfTheLastEntryTaken) {
  Lane lane(128);
  ASSERT_TRUE(put(lane, "x"));
  const std::uint64_t first = lane.position();
  EXPECT_EQ(lane.take([](auto) {}), first);
  ASSERT_TRUE(put(lane, "y"));
  EXPECT_GT(lane.position(), first);
}

TEST(Lane, CarriesEverythingBetweenTwoThreads) {
  constexpr std::uint64_t kEntries = 50'000;
  Lane lane(4096);
  std::uint64_t refused = 0, next = 0;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kEntries;) {
      std::byte* const room = lane.room(sizeof i + i % 50);
      if (room == nullptr) {
        ++refused;
        std::this_thread::yield();
        continue;
      }
      std::memcpy(room, &i, sizeof i);
      lane.commit();
      ++i;
    }
  });
  while (next < kEntries) {
    const std::uint64_t before = next;
    lane.take([&](std::span<const std::byte> entry) {
      std::uint64_t number = 0;
      std::memcpy(&number, entry.data(), sizeof number);
      ASSERT_EQ(number, next);
      ASSERT_EQ(entry.size(), sizeof number + number % 50);
      ++next;
    });
    if (next == before) std::this_thread::yield();
  }
  writer.join();
}

}  // namespace
}  // namespace modelyard::journal
