#include "inference/data_type.h"

#include <gtest/gtest.h>

#include <set>

namespace modelyard::inference {
namespace {

TEST(DataType, IsReadBackFromItsName) {
  std::set<std::string_view> names;

  for (int i = 0; i < kDataTypes; ++i) {
    const auto type = static_cast<DataType>(i);
    names.insert(data_type_name(type));
    EXPECT_EQ(parse_data_type(data_type_name(type)), type);
  }

  EXPECT_EQ(names.size(), static_cast<std::size_t>(kDataTypes));
}

TEST(DataType, HasTheNamesAndSizesOfTheProtocol) {
  EXPECT_EQ(data_type_name(DataType::kBf16), "BF16");
  EXPECT_EQ(element_bytes(DataType::kBool), 1u);
  EXPECT_EQ(element_bytes(DataType::kUint16), 2u);
  EXPECT_EQ(element_bytes(DataType::kInt32), 4u);
  EXPECT_EQ(element_bytes(DataType::kFp16), 2u);
  EXPECT_EQ(element_bytes(DataType::kFp64), 8u);
  EXPECT_EQ(element_bytes(DataType::kBytes), 0u);
}

TEST(DataType, RefusesOtherNames) {
  for (const std::string_view name : {"", "fp32", "FLOAT", "TYPE_FP32", "STRING", "FP32 ", "INT4"}) {
    EXPECT_EQ(parse_data_type(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace modelyard::inference
