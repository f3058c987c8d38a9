#include "lifecycle/response_cache.h"

#include <gtest/gtest.h>

#include <cstring>

namespace modelyard::lifecycle {
namespace {

using inference::DataType;
using inference::Tensor;
using inference::TensorView;

struct Input {
  std::string name = "x";
  DataType type = DataType::kFp32;
  inference::Shape shape{1, 2};
  std::string bytes = "abcdefgh";

  Digest key(VersionNumber version = 1, std::vector<std::size_t> wanted = {0}) const {
    const TensorView view{name, type, shape, std::as_bytes(std::span(bytes))};
    return cache_key(version, std::span(&view, 1), wanted);
  }
};

std::vector<Tensor> answer(std::string_view text) {
  std::vector<Tensor> outputs;
  outputs.push_back(
      {"y", DataType::kUint8, {static_cast<std::int64_t>(text.size())}, inference::Buffer::allocate(text.size())});
  std::memcpy(outputs[0].buffer.bytes().data(), text.data(), text.size());
  return outputs;
}

std::string text_of(const std::vector<Tensor>& outputs) {
  const auto bytes = outputs.front().buffer.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(CacheKey, DiffersWithEverythingAnAnswerDependsOn) {
  const Digest key = Input{}.key();
  EXPECT_EQ(Input{}.key(), key);
  EXPECT_NE(Input{}.key(2), key);
  EXPECT_NE(Input{}.key(1, {1}), key);
  EXPECT_NE(Input{.name = "z"}.key(), key);
  EXPECT_NE(Input{.type = DataType::kInt32}.key(), key);
  EXPECT_NE((Input{.shape = {2, 1}}.key()), key);
  EXPECT_NE(Input{.bytes = "abcdefgi"}.key(), key);
  EXPECT_NE((Input{.name = "xa", .bytes = "bcdefgh"}.key()), (Input{.name = "x", .bytes = "abcdefgh"}.key()));
}

TEST(ResponseCache, GivesTheSameAnswerAgain) {
  ResponseCache cache(10'000);
  const Digest key = Input{}.key();

  EXPECT_FALSE(cache.find(key).has_value());
  EXPECT_EQ(text_of(cache.keep(key, answer("first"))), "first");
  const auto again = cache.find(key);

  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(text_of(*again), "first");
  EXPECT_EQ(again->front().name, "y");
  EXPECT_EQ(cache.hits(), 1u);
  EXPECT_EQ(cache.misses(), 1u);
}

TEST(ResponseCache, KeepsWithinItsBytesTheLatestAskedFor) {
  ResponseCache cache(3 * 1000);
  const auto key = [](VersionNumber number) { return Input{}.key(number); };
  cache.keep(key(1), answer(std::string(500, 'a')));
  cache.keep(key(2), answer(std::string(500, 'b')));
  cache.keep(key(3), answer(std::string(500, 'c')));
  ASSERT_TRUE(cache.find(key(1)).has_value());
  const auto held = cache.find(key(2));
  ASSERT_TRUE(cache.find(key(1)).has_value());

  cache.keep(key(4), answer(std::string(500, 'd')));
  cache.keep(key(5), answer(std::string(500, 'e')));

  EXPECT_TRUE(cache.find(key(1)).has_value());
  EXPECT_FALSE(cache.find(key(3)).has_value());
  EXPECT_LE(cache.bytes(), 3000);
  EXPECT_GE(cache.evictions(), 1u);
  EXPECT_EQ(text_of(*held), std::string(500, 'b')) << "an answer lives as long as its response";
}

TEST(ResponseCache, LeavesOutWhatIsLargerThanItself) {
  ResponseCache cache(1000);

  EXPECT_EQ(text_of(cache.keep(Input{}.key(), answer(std::string(2000, 'a')))), std::string(2000, 'a'));

  EXPECT_FALSE(cache.find(Input{}.key()).has_value());
  EXPECT_EQ(cache.bytes(), 0);
}

}  // namespace
}  // namespace modelyard::lifecycle
