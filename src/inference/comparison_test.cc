#include "inference/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
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

TEST(Comparison, ComparesNumbersWithinTheTolerance) {
  EXPECT_TRUE(answer_alike(answer(scores({1, 2})), answer(scores({1.0009F, 2})), 0.001));
  EXPECT_FALSE(answer_alike(answer(scores({1, 2})), answer(scores({1.002F, 2})), 0.001));
  EXPECT_TRUE(answer_alike(answer(scores({0})), answer(scores({1e-7F})), 0));
}

TEST(Comparison, LooksAtDecisionsAloneWhereThereAreSome) {
  EXPECT_TRUE(answer_alike(answer(label({1}), scores({0.9F})), answer(label({1}), scores({0.6F})), 0.001));
  EXPECT_FALSE(answer_alike(answer(label({1}), scores({0.9F})), answer(label({0}), scores({0.9F})), 0.001));
}

TEST(Comparison, FindsOutputsByNameInAnyOrder) {
  EXPECT_TRUE(answer_alike(answer(label({1}), scores({1})), answer(scores({1}), label({1})), 0));
  EXPECT_FALSE(answer_alike(answer(scores({1})), answer(label({1})), 0));
}

TEST(Comparison, TakesOtherShapesAndTypesForOtherAnswers) {
  EXPECT_FALSE(answer_alike(answer(scores({1})), answer(scores({1, 1})), 0.1));
  EXPECT_FALSE(answer_alike(answer(scores({1})), answer(tensor<double>("scores", DataType::kFp64, {1})), 0.1));
}

TEST(Comparison, TakesNanForNan) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(answer_alike(answer(scores({nan, infinity})), answer(scores({nan, infinity})), 0.1));
  EXPECT_FALSE(answer_alike(answer(scores({nan})), answer(scores({1})), 0.1));
  EXPECT_FALSE(answer_alike(answer(scores({1})), answer(scores({infinity})), 0.1));
}

TEST(Comparison, SeesNonfiniteAmongTheFirstNumbers) {
  EXPECT_FALSE(has_nonfinite(answer(scores({1, 2}), label({3})), 10));
  EXPECT_TRUE(has_nonfinite(answer(scores({1, std::nanf("")})), 2));
  EXPECT_FALSE(has_nonfinite(answer(scores({1, std::nanf("")})), 1));
  EXPECT_TRUE(has_nonfinite(answer(tensor<std::uint16_t>("half", DataType::kFp16, {0x7c00})), 1));
}

}  // namespace
}  // namespace modelyard::inference
