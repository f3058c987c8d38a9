#include "inference/tensor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

namespace modelyard::inference {
namespace {

std::string framed(const std::vector<std::string>& elements) {
  std::string bytes;
  for (const std::string& element : elements) {
    const auto length = static_cast<std::uint32_t>(element.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += element;
  }
  return bytes;
}

Status check(DataType type, const Shape& shape, std::string_view bytes) {
  return check_tensor_bytes({"x", type, shape, std::as_bytes(std::span(bytes))});
}

std::string refusal(DataType type, const Shape& shape, std::string_view bytes) {
  const Status status = check(type, shape, bytes);
  return status ? "(accepted)" : status.error().message();
}

TEST(TensorBytes, MustBeWhatTypeAndShapeAskFor) {
  EXPECT_EQ(refusal(DataType::kFp32, {2, 3}, std::string(24, 'x')), "(accepted)");
  EXPECT_EQ(refusal(DataType::kFp64, {}, std::string(8, 'x')), "(accepted)");
  EXPECT_EQ(refusal(DataType::kInt8, {5, 0}, ""), "(accepted)");
  EXPECT_EQ(refusal(DataType::kFp32, {2, 3}, std::string(23, 'x')), "tensor 'x' of FP32 [2,3] needs 24 bytes, got 23");
  EXPECT_EQ(refusal(DataType::kBool, {0}, "x"), "tensor 'x' of BOOL [0] needs 0 bytes, got 1");
}

TEST(TensorBytes, RefusesSizesThatOverflow) {
  EXPECT_EQ(refusal(DataType::kFp64, {std::int64_t{1} << 61}, ""),
            "tensor 'x': shape [2305843009213693952] has too many elements");
  EXPECT_EQ(refusal(DataType::kFp32, {-1}, ""), "shape [-1] has a negative dimension");
}

TEST(BytesTensor, AllowsEveryElementEmptyOnesToo) {
  EXPECT_EQ(refusal(DataType::kBytes, {2, 2}, framed({"a", "", "ccc", std::string(300, 'd')})), "(accepted)");
  EXPECT_EQ(refusal(DataType::kBytes, {}, framed({"scalar"})), "(accepted)");
  EXPECT_EQ(refusal(DataType::kBytes, {0, 7}, ""), "(accepted)");
}

TEST(BytesTensor, RefusesDamagedFrames) {
  const std::string two = framed({"ab", "cd"});

  EXPECT_EQ(refusal(DataType::kBytes, {3}, two), "tensor 'x' ends at element 2 of 3");
  EXPECT_EQ(refusal(DataType::kBytes, {1}, two), "tensor 'x' has 6 bytes after its 1 elements");
  EXPECT_EQ(refusal(DataType::kBytes, {0}, two), "tensor 'x' has 12 bytes after its 0 elements");
  EXPECT_EQ(refusal(DataType::kBytes, {2}, two.substr(0, 11)), "tensor 'x': element 1 says 2 bytes, 1 are left");
  EXPECT_EQ(refusal(DataType::kBytes, {2}, two.substr(0, 9)), "tensor 'x' ends at element 1 of 2");
  EXPECT_EQ(refusal(DataType::kBytes, {1},
                    "\xff\xff\xff\xff"
                    "abc"),
            "tensor 'x': element 0 says 4294967295 bytes, 3 are left");
}

TEST(BytesTensor, GivesUpAtOnceOnAHugeCount) {
  EXPECT_EQ(refusal(DataType::kBytes, {INT64_MAX}, framed({"a"})),
            "tensor 'x' ends at element 1 of 9223372036854775807");
}

RC_GTEST_PROP(BytesTensor, GivesEveryElementBack, (const std::vector<std::string>& elements)) {
  const std::string bytes = framed(elements);
  RC_ASSERT(check(DataType::kBytes, {static_cast<std::int64_t>(elements.size())}, bytes).has_value());
  std::vector<std::string> seen;

  for_each_bytes_element(std::as_bytes(std::span(bytes)), [&](std::string_view e) { seen.emplace_back(e); });

  RC_ASSERT(seen == elements);
}

RC_GTEST_PROP(BytesTensor, AcceptsOnlyBytesThatCanBeWalked, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("\0\0\0\1\2", 5)));
  const auto count = *rc::gen::inRange<std::int64_t>(0, 6);
  if (!check(DataType::kBytes, {count}, bytes)) return;
  std::int64_t walked = 0;

  for_each_bytes_element(std::as_bytes(std::span(bytes)), [&](std::string_view) { ++walked; });

  RC_ASSERT(walked == count);
}

TEST(Buffer, IsAlignedAndWritable) {
  Buffer buffer = Buffer::allocate(100);

  std::memset(buffer.bytes().data(), 7, buffer.bytes().size());

  EXPECT_EQ(buffer.bytes().size(), 100u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.bytes().data()) % 64, 0u);
  EXPECT_NE(Buffer::allocate(0).bytes().data(), nullptr);
  EXPECT_TRUE(Buffer().bytes().empty());
}

TEST(Buffer, GivesAdoptedMemoryBackOnce) {
  std::array<std::byte, 4> memory{};
  int released = 0;
  {
    Buffer first = Buffer::adopt(memory, [&] { ++released; });
    Buffer second = std::move(first);
    first = std::move(second);
    EXPECT_EQ(first.bytes().data(), memory.data());
    EXPECT_EQ(released, 0);
  }

  EXPECT_EQ(released, 1);
}

TEST(Buffer, FreesWhatItHeldWhenItTakesAnother) {
  std::array<std::byte, 4> memory{};
  int released = 0;
  Buffer buffer = Buffer::adopt(memory, [&] { ++released; });

  buffer = Buffer::allocate(8);

  EXPECT_EQ(released, 1);
  EXPECT_EQ(buffer.bytes().size(), 8u);
}

TEST(Buffer, LeavesAdoptedMemoryAloneWhenThereIsNothingToRelease) {
  std::array<std::byte, 4> memory{};

  {
    const Buffer buffer = Buffer::adopt(memory, {});
  }

  SUCCEED();  // freeing the stack would have ended the process
}

TEST(Tensor, IsViewedAsItIs) {
  Tensor tensor{"scores", DataType::kFp32, {1, 2}, Buffer::allocate(8)};

  const TensorView view = tensor.view();

  EXPECT_EQ(view.name, "scores");
  EXPECT_EQ(view.shape.data(), tensor.shape.data());
  EXPECT_EQ(view.bytes.data(), tensor.buffer.bytes().data());
}

}  // namespace
}  // namespace modelyard::inference
