#include "inference/nonfinite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace modelyard::inference {
namespace {

template <typename T>
Tensor tensor(std::string name, DataType type, const std::vector<T>& values) {
  Tensor made{
      std::move(name), type, {static_cast<std::int64_t>(values.size())}, Buffer::allocate(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(made.buffer.bytes().data(), values.data(), values.size() * sizeof(T));
  return made;
}

template <typename... Outputs>
std::vector<Tensor> answer(Outputs... outputs) {
  std::vector<Tensor> made;
  (made.push_back(std::move(outputs)), ...);
  return made;
}

Tensor scores(std::vector<float> values) {
  return tensor("scores", DataType::kFp32, values);
}
Tensor label(std::vector<std::int64_t> values) {
  return tensor("label", DataType::kInt64, values);
}

TEST(Nonfinite, IsSeenAmongTheFirstNumbers) {
  EXPECT_FALSE(has_nonfinite(answer(scores({1, 2}), label({3})), 10));
  EXPECT_TRUE(has_nonfinite(answer(scores({1, std::nanf("")})), 2));
  EXPECT_FALSE(has_nonfinite(answer(scores({1, std::nanf("")})), 1));
  EXPECT_TRUE(has_nonfinite(answer(tensor<std::uint16_t>("half", DataType::kFp16, {0x7c00})), 1));
}

}  // namespace
}  // namespace modelyard::inference
