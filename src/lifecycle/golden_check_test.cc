#include "lifecycle/golden_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace modelyard::lifecycle {
namespace {

using inference::DataType;
using inference::Tensor;

template <typename T>
Tensor tensor(DataType type, const std::vector<T>& values, const std::string& name = "y") {
  Tensor made{name, type, {static_cast<std::int64_t>(values.size())}, {}};
  made.buffer = inference::Buffer::allocate(values.size() * sizeof(T));
  std::memcpy(made.buffer.bytes().data(), values.data(), values.size() * sizeof(T));
  return made;
}
Tensor floats(const std::vector<float>& values) {
  return tensor(DataType::kFp32, values);
}

// "" when they agree.
std::string difference(Tensor got, Tensor recorded, Tolerance tolerance = {}) {
  Golden golden;
  golden.tolerance = tolerance;
  golden.samples.emplace_back();
  golden.samples[0].outputs.push_back(std::move(recorded));
  std::vector<Tensor> answers;
  answers.push_back(std::move(got));
  const Status outcome = compare_outputs(golden, 0, answers);
  return outcome ? "" : outcome.error().message();
}

TEST(GoldenCheck, AcceptsEqualAnswers) {
  EXPECT_EQ(difference(floats({1, 2}), floats({1, 2})), "");
}

TEST(GoldenCheck, NamesTheFirstElementThatDiffers) {
  EXPECT_EQ(difference(floats({1, 2.5}), floats({1, 2})),
            "golden sample 0, output 'y', element 1: got 2.5, recorded 2 (tolerance: absolute 0, relative 0)");
}

TEST(GoldenCheck, AddsAbsoluteAndRelativeTolerance) {
  // |a − b| = 0.5 ≤ 0.25 + 0.125 · 2, exactly.
  EXPECT_EQ(difference(floats({2.5F}), floats({2}), {.relative = 0.125, .absolute = 0.25}), "");
  EXPECT_NE(difference(floats({2.5F}), floats({2}), {.relative = 0.125, .absolute = 0.249}), "");
  // The recorded value is the measure of the relative part: 2 · 0.5 ≥ 1, but 1 · 0.5 < 1.
  EXPECT_EQ(difference(floats({1}), floats({2}), {.relative = 0.5}), "");
  EXPECT_NE(difference(floats({2}), floats({1}), {.relative = 0.5}), "");
}

TEST(GoldenCheck, MatchesNanWithNanAndInfinityWithItsLike) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const Tolerance wide{.relative = 1, .absolute = 1e30};

  EXPECT_EQ(difference(floats({nan, infinity, -infinity}), floats({nan, infinity, -infinity})), "");
  EXPECT_NE(difference(floats({nan}), floats({1}), wide), "");
  EXPECT_NE(difference(floats({1}), floats({nan}), wide), "");
  EXPECT_NE(difference(floats({infinity}), floats({-infinity}), wide), "");
  EXPECT_NE(difference(floats({infinity}), floats({3e38F}), wide), "");
}

TEST(GoldenCheck, ComparesHalvesAsNumbers) {
  // FP16 1.0 and the next above, 1.0009765625; BF16 1.0 and the next above, 1.0078125.
  EXPECT_EQ(difference(tensor<std::uint16_t>(DataType::kFp16, {0x3C01}),
                       tensor<std::uint16_t>(DataType::kFp16, {0x3C00}), {.absolute = 0.000977}),
            "");
  EXPECT_NE(difference(tensor<std::uint16_t>(DataType::kFp16, {0x3C01}),
                       tensor<std::uint16_t>(DataType::kFp16, {0x3C00}), {.absolute = 0.000976}),
            "");
  EXPECT_EQ(difference(tensor<std::uint16_t>(DataType::kBf16, {0x3F81}),
                       tensor<std::uint16_t>(DataType::kBf16, {0x3F80}), {.absolute = 0.0078125}),
            "");
  // The least subnormal FP16 is 2^-24.
  EXPECT_EQ(difference(tensor<std::uint16_t>(DataType::kFp16, {0x0001}),
                       tensor<std::uint16_t>(DataType::kFp16, {0x0000}), {.absolute = std::ldexp(1, -24)}),
            "");
}

TEST(GoldenCheck, WantsIntegersEqualWhateverTheTolerance) {
  const Tolerance wide{.relative = 1, .absolute = 10};

  EXPECT_EQ(difference(tensor<std::int64_t>(DataType::kInt64, {3}), tensor<std::int64_t>(DataType::kInt64, {3})), "");
  EXPECT_NE(difference(tensor<std::int64_t>(DataType::kInt64, {3}), tensor<std::int64_t>(DataType::kInt64, {4}), wide),
            "");
}

TEST(GoldenCheck, WantsShapeAndDatatypeEqual) {
  EXPECT_EQ(difference(floats({1}), floats({1, 2})), "golden sample 0, output 'y': got FP32 [1], recorded FP32 [2]");
  EXPECT_NE(difference(floats({1}), tensor<double>(DataType::kFp64, {1})), "");
}

TEST(GoldenCheck, WantsEveryRecordedOutput) {
  Golden golden;
  golden.samples.emplace_back();
  golden.samples[0].outputs.push_back(floats({1}));

  EXPECT_EQ(compare_outputs(golden, 0, {}).error().message(), "golden sample 0: the model has no output 'y'");
}

TEST(GoldenCheck, TakesTheToleranceOfTheOutput) {
  Golden golden;
  golden.by_output["y"] = {.absolute = 1};
  golden.samples.emplace_back();
  golden.samples[0].outputs.push_back(floats({1}));
  std::vector<Tensor> got;
  got.push_back(floats({2}));

  EXPECT_TRUE(compare_outputs(golden, 0, got).has_value());
}

}  // namespace
}  // namespace modelyard::lifecycle
