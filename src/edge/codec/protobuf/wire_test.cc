#include "edge/codec/protobuf/wire.h"

#include <gtest/gtest.h>
#include <open_inference/grpc_service.pb.h>

#include <random>

namespace modelyard::edge {
namespace {

using ::inference::InferTensorContents;
using ::inference::ModelInferRequest;

std::uint64_t any_number(std::mt19937_64& random) {
  return random() >> (random() % 64);
}

ModelInferRequest any_request(std::mt19937_64& random) {
  ModelInferRequest request;
  request.set_model_name("model" + std::to_string(any_number(random)));
  for (std::uint64_t i = random() % 4; i > 0; --i) {
    auto& input = *request.add_inputs();
    input.set_name(std::string(random() % 300, 'n'));
    for (std::uint64_t d = random() % 5; d > 0; --d) input.add_shape(static_cast<std::int64_t>(any_number(random)));
    (*input.mutable_parameters())["key"].set_double_param(0.5);
  }
  for (std::uint64_t i = random() % 4; i > 0; --i) request.add_raw_input_contents(std::string(random() % 1000, 'r'));
  return request;
}

TEST(WireReader, FindsTheFieldsThatTheLibraryWrote) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 500; ++round) {
    const ModelInferRequest request = any_request(random);
    const std::string bytes = request.SerializeAsString();
    ModelInferRequest seen;
    WireReader reader(bytes);
    while (reader.next()) {
      ASSERT_EQ(reader.type(), WireType::kBytes);
      const std::string value(reader.bytes());
      if (reader.field() == 1) seen.set_model_name(value);
      if (reader.field() == 5 && !seen.add_inputs()->ParseFromString(value)) FAIL() << value;
      if (reader.field() == 7) seen.add_raw_input_contents(value);
    }
    EXPECT_FALSE(reader.malformed());
    EXPECT_EQ(seen.DebugString(), request.DebugString());
  }
}

TEST(WireReader, ReadsNumbersPackedOrNot) {
  std::mt19937_64 random(2);
  InferTensorContents contents;
  std::string one_by_one;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = any_number(random);
    contents.add_uint64_contents(value);
    append_number(one_by_one, 5, value);
  }
  InferTensorContents parsed;
  ASSERT_TRUE(parsed.ParseFromString(one_by_one));
  EXPECT_EQ(parsed.SerializeAsString(), contents.SerializeAsString());

  const std::string bytes = contents.SerializeAsString();
  WireReader reader(bytes);
  ASSERT_TRUE(reader.next());
  WireReader packed(reader.bytes());
  std::uint64_t value = 0;
  for (const std::uint64_t expected : contents.uint64_contents()) {
    ASSERT_TRUE(packed.next_varint(value));
    EXPECT_EQ(value, expected);
  }
  EXPECT_FALSE(packed.next_varint(value));
}

TEST(WireReader, AgreesWithTheLibraryOnWhatIsMalformed) {
  std::mt19937_64 random(3);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = any_request(random).SerializeAsString().substr(0, 64);
    for (int flips = 0; flips < 3 && !bytes.empty(); ++flips)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    WireReader reader(bytes);
    while (reader.next()) {
    }
    // The library looks into messages as well, so it may refuse more, never less.
    if (reader.malformed()) {
      ++refused;
      EXPECT_FALSE(ModelInferRequest().ParseFromString(bytes));
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(WireReader, SkipsGroupsWithinTheirLimit) {
  std::string nested;
  for (int i = 0; i < 3; ++i) append_tag(nested, 9, WireType::kGroup);
  append_number(nested, 1, 5);
  for (int i = 0; i < 3; ++i) append_tag(nested, 9, WireType::kGroupEnd);
  append_number(nested, 2, 6);
  WireReader reader(nested);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 2u);
  EXPECT_EQ(reader.number(), 6u);

  std::string deep;
  for (int i = 0; i <= WireReader::kMaxGroups; ++i) append_tag(deep, 9, WireType::kGroup);
  WireReader endless(deep);
  EXPECT_FALSE(endless.next());
  EXPECT_TRUE(endless.malformed());
}

TEST(Varint, HasTheSizeItSays) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      std::string text;
      append_varint(text, value);
      EXPECT_EQ(text.size(), varint_size(value));
    }
  }
}

}  // namespace
}  // namespace modelyard::edge
