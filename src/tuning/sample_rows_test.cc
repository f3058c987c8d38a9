#include "tuning/sample_rows.h"

#include <gtest/gtest.h>

#include <cstring>

namespace modelyard::tuning {
namespace {

using inference::DataType;
using inference::Tensor;

Tensor floats(inference::Shape shape, std::vector<float> values) {
  Tensor tensor{"x", DataType::kFp32, std::move(shape), inference::Buffer::allocate(values.size() * sizeof(float))};
  std::memcpy(tensor.buffer.bytes().data(), values.data(), values.size() * sizeof(float));
  return tensor;
}

Tensor texts(const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& value : values) {
    const auto length = static_cast<std::uint32_t>(value.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length).append(value);
  }
  Tensor tensor{"t", DataType::kBytes, {static_cast<std::int64_t>(values.size())}, {}};
  tensor.buffer = inference::Buffer::allocate(bytes.size());
  std::memcpy(tensor.buffer.bytes().data(), bytes.data(), bytes.size());
  return tensor;
}

std::vector<float> values_of(const Tensor& tensor) {
  std::vector<float> values(tensor.buffer.bytes().size() / sizeof(float));
  std::memcpy(values.data(), tensor.buffer.bytes().data(), tensor.buffer.bytes().size());
  return values;
}

inference::Signature signature(bool batched) {
  inference::Signature made;
  made.inputs.push_back({"x", DataType::kFp32, {inference::kAnySize, 2}, false, {}});
  made.batched = batched;
  return made;
}

void add_sample(lifecycle::Golden& golden, Tensor input) {
  golden.samples.emplace_back().inputs.push_back(std::move(input));
}

TEST(SampleRows, RepeatsTheRowsOfAllSamples) {
  lifecycle::Golden golden;
  add_sample(golden, floats({1, 2}, {1, 2}));
  add_sample(golden, floats({2, 2}, {3, 4, 5, 6}));

  const SampleRows rows(signature(true), golden);
  const auto taken = rows.take(4);

  EXPECT_TRUE(rows.are_recorded());
  EXPECT_EQ(taken.front().shape, (inference::Shape{4, 2}));
  EXPECT_EQ(values_of(taken.front()), (std::vector<float>{1, 2, 3, 4, 5, 6, 1, 2}));
}

TEST(SampleRows, LeavesOutSamplesOfAnotherShape) {
  lifecycle::Golden golden;
  add_sample(golden, floats({1, 2}, {1, 2}));
  add_sample(golden, floats({1, 3}, {7, 8, 9}));

  EXPECT_EQ(values_of(SampleRows(signature(true), golden).take(2).front()), (std::vector<float>{1, 2, 1, 2}));
}

TEST(SampleRows, CutsTextsAtTheirLengths) {
  lifecycle::Golden golden;
  add_sample(golden, texts({"a", "", "long"}));

  const auto taken = SampleRows(signature(true), golden).take(4);

  std::vector<std::string> got;
  inference::for_each_bytes_element(taken.front().buffer.bytes(),
                                    [&](std::string_view text) { got.emplace_back(text); });
  EXPECT_EQ(got, (std::vector<std::string>{"a", "", "long", "a"}));
}

TEST(SampleRows, GivesAWholeSampleWhenThereIsNoBatchDimension) {
  lifecycle::Golden golden;
  add_sample(golden, floats({2, 2}, {1, 2, 3, 4}));
  add_sample(golden, floats({2, 2}, {5, 6, 7, 8}));

  const auto taken = SampleRows(signature(false), golden).take(1);

  EXPECT_EQ(taken.front().shape, (inference::Shape{2, 2}));
  EXPECT_EQ(values_of(taken.front()), (std::vector<float>{1, 2, 3, 4}));
}

TEST(SampleRows, AreMadeUpWithoutSamples) {
  const SampleRows rows(signature(true), {});

  EXPECT_FALSE(rows.are_recorded());
  EXPECT_EQ(rows.take(3).front().shape, (inference::Shape{3, 2}));
}

}  // namespace
}  // namespace modelyard::tuning
