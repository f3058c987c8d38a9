#include "inference/element.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace modelyard::inference {
namespace {

template <typename T>
double read(DataType type, T value) {
  return number_at(type, reinterpret_cast<const std::byte*>(&value));
}

TEST(Element, IsReadAsTheNumberItIs) {
  EXPECT_EQ(read(DataType::kBool, std::uint8_t{1}), 1);
  EXPECT_EQ(read(DataType::kUint8, std::uint8_t{255}), 255);
  EXPECT_EQ(read(DataType::kInt8, std::int8_t{-128}), -128);
  EXPECT_EQ(read(DataType::kInt16, std::int16_t{-300}), -300);
  EXPECT_EQ(read(DataType::kUint16, std::uint16_t{65'535}), 65'535);
  EXPECT_EQ(read(DataType::kInt32, std::int32_t{-70'000}), -70'000);
  EXPECT_EQ(read(DataType::kUint32, std::numeric_limits<std::uint32_t>::max()), 4'294'967'295.0);
  EXPECT_EQ(read(DataType::kInt64, std::int64_t{1} << 53), 9'007'199'254'740'992.0);
  EXPECT_EQ(read(DataType::kUint64, std::uint64_t{1} << 63), 9'223'372'036'854'775'808.0);
  EXPECT_EQ(read(DataType::kFp32, 0.1f), double{0.1f});
  EXPECT_EQ(read(DataType::kFp64, 0.1), 0.1);
}

TEST(Element, ReadsHalvesToTheirEnds) {
  EXPECT_EQ(read(DataType::kFp16, std::uint16_t{0x3c00}), 1);
  EXPECT_EQ(read(DataType::kFp16, std::uint16_t{0xc000}), -2);
  EXPECT_EQ(read(DataType::kFp16, std::uint16_t{0x7bff}), 65'504);
  EXPECT_EQ(read(DataType::kFp16, std::uint16_t{0x0001}), std::ldexp(1, -24));
  EXPECT_TRUE(std::isinf(read(DataType::kFp16, std::uint16_t{0x7c00})));
  EXPECT_TRUE(std::isnan(read(DataType::kFp16, std::uint16_t{0x7c01})));
  EXPECT_EQ(read(DataType::kBf16, std::uint16_t{0x3f80}), 1);
}

}  // namespace
}  // namespace modelyard::inference
