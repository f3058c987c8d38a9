#include "edge/http2/wire_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace modelyard::edge {
namespace {

class WireMemoryTest : public testing::Test {
 protected:
  void* take(std::size_t bytes) { return memory_.interface()->malloc(bytes, &memory_); }
  void put(void* block) { memory_.interface()->free(block, &memory_); }

  WireMemory memory_;
};

TEST_F(WireMemoryTest, UsesABlockAgainThatWasGivenBack) {
  constexpr std::size_t kBytes = 18 * 16 + 8;  // a size that heaps do not round up
  void* const first = take(kBytes);
  put(first);

  void* const again = take(kBytes);

  EXPECT_EQ(again, first);
  put(again);
}

TEST_F(WireMemoryTest, ZeroesWhatIsAskedForAsZeroes) {
  void* const used = take(64);
  std::memset(used, 0xff, 64);
  put(used);

  const auto* const zeroed = static_cast<const char*>(memory_.interface()->calloc(8, 8, &memory_));

  EXPECT_EQ(std::string(zeroed, 64), std::string(64, '\0'));
  EXPECT_EQ(memory_.interface()->calloc(SIZE_MAX / 2, 4, &memory_), nullptr);
  put(const_cast<char*>(zeroed));
}

TEST_F(WireMemoryTest, GivesThePagesOfTheRoomForFramesBack) {
  constexpr std::size_t kBytes = (16u << 10) + 20;
  auto* const frames = static_cast<char*>(take(kBytes));
  auto* const other = static_cast<char*>(take(kBytes));  // of that size, but not that room
  std::memset(frames, 1, kBytes);
  std::memset(other, 2, kBytes);

  memory_.rest_frames();

  EXPECT_EQ(frames[0], 0);
  EXPECT_EQ(std::string(other, kBytes), std::string(kBytes, '\2'));
  std::memset(frames, 3, kBytes);  // of use as before
  EXPECT_EQ(frames[kBytes - 1], 3);
  put(frames);
  put(other);
  memory_.rest_frames();
}

// Blocks of all sizes, taken, grown and given back in any order, never share a byte.
TEST_F(WireMemoryTest, KeepsBlocksApart) {
  struct Block {
    unsigned char* bytes;
    std::size_t size;
    unsigned char mark;
  };
  std::mt19937 random(5);
  std::vector<Block> blocks;
  const auto whole = [](const Block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.bytes[i] != block.mark) return false;
    }
    return true;
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t size = 1 + random() % (round % 5 == 0 ? 20'000 : 600);
    if (blocks.size() < 40) {
      blocks.push_back({static_cast<unsigned char*>(take(size)), size, static_cast<unsigned char>(random())});
      std::memset(blocks.back().bytes, blocks.back().mark, size);
      continue;
    }
    Block& block = blocks[random() % blocks.size()];
    ASSERT_TRUE(whole(block));
    if (random() % 3 == 0 && size > block.size) {
      block.bytes = static_cast<unsigned char*>(memory_.interface()->realloc(block.bytes, size, &memory_));
      ASSERT_TRUE(whole(block));
      std::memset(block.bytes, block.mark, size);
      block.size = size;
    } else {
      put(block.bytes);
      std::swap(block, blocks.back());
      blocks.pop_back();
    }
    if (round % 1000 == 0) memory_.rest();
  }
  for (const Block& block : blocks) put(block.bytes);
}

}  // namespace
}  // namespace modelyard::edge
