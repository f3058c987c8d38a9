#include <gtest/gtest.h>

#include <deque>

#include "inference/signature.h"

namespace modelyard::inference {
namespace {

Signature fraud() {
  return {.inputs = {{"amount", DataType::kFp32, {-1, 2}},
                     {"country", DataType::kBytes, {-1, 1}, true},
                     {"age", DataType::kInt64, {-1}}},
          .outputs = {{"score", DataType::kFp64, {-1}}},
          .batched = true};
}

// Inputs of a request, with the zeros that they point to.
class Inputs {
 public:
  Inputs() = default;
  Inputs(const Inputs&) = delete;  // the views would point into the other
  Inputs& operator=(const Inputs&) = delete;

  Inputs& add(std::string_view name, DataType type, Shape shape) {
    const std::size_t size = static_cast<std::size_t>(element_count(shape).value_or(0)) *
                             (type == DataType::kBytes ? 4 : element_bytes(type));  // empty strings
    shapes_.push_back(std::move(shape));
    bytes_.emplace_back(size);
    views_.push_back({name, type, shapes_.back(), bytes_.back()});
    return *this;
  }
  Inputs& cut_last_byte() {
    views_.back().bytes = views_.back().bytes.first(views_.back().bytes.size() - 1);
    return *this;
  }
  std::span<const TensorView> views() const { return views_; }

 private:
  std::deque<Shape> shapes_;
  std::deque<std::vector<std::byte>> bytes_;
  std::vector<TensorView> views_;
};

std::string refusal(const Inputs& inputs, const Signature& signature = fraud()) {
  const Status status = check_inputs(signature, inputs.views(), "fraud");
  return status ? "(accepted)" : status.error().message();
}

TEST(CheckInputs, AcceptsWhatTheSignatureSays) {
  EXPECT_EQ(refusal(Inputs()
                        .add("amount", DataType::kFp32, {3, 2})
                        .add("country", DataType::kBytes, {3, 1})
                        .add("age", DataType::kInt64, {3})),
            "(accepted)");
}

TEST(CheckInputs, MindsNeitherOrderNorAMissingOptionalInputNorZeroRows) {
  EXPECT_EQ(refusal(Inputs().add("age", DataType::kInt64, {1}).add("amount", DataType::kFp32, {1, 2})), "(accepted)");
  EXPECT_EQ(refusal(Inputs().add("age", DataType::kInt64, {0}).add("amount", DataType::kFp32, {0, 2})), "(accepted)");
}

TEST(CheckInputs, NamesAMissingInput) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {1, 2})),
            "expected 3 inputs but got 1 inputs for model 'fraud'. Got input(s) without required 'age'.");
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {1, 2}).add("country", DataType::kBytes, {1, 1})),
            "expected 3 inputs but got 2 inputs for model 'fraud'. Got input(s) without required 'age'.");
}

TEST(CheckInputs, RefusesUnknownInputs) {
  EXPECT_EQ(refusal(Inputs().add("amuont", DataType::kFp32, {1, 2})),
            "unexpected inference input 'amuont' for model 'fraud'");
}

TEST(CheckInputs, RefusesAnInputTwice) {
  EXPECT_EQ(refusal(Inputs().add("age", DataType::kInt64, {1}).add("age", DataType::kInt64, {1})),
            "input 'age' already exists in request");
}

TEST(CheckInputs, RefusesAnotherDatatype) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp64, {1, 2}).add("age", DataType::kInt64, {1})),
            "inference input 'amount' data-type is 'FP64', but model 'fraud' expects 'FP32'");
}

TEST(CheckInputs, RefusesAnotherShape) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {1, 3}).add("age", DataType::kInt64, {1})),
            "unexpected shape for input 'amount' for model 'fraud'. Expected [-1,2], got [1,3].");
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {}).add("age", DataType::kInt64, {1})),
            "unexpected shape for input 'amount' for model 'fraud'. Expected [-1,2], got [].");
}

TEST(CheckInputs, RefusesNegativeDimensions) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {-1, 2}).add("age", DataType::kInt64, {-1})),
            "shape [-1,2] has a negative dimension");
}

TEST(CheckInputs, RefusesInputsOfUnequalRows) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {2, 2}).add("age", DataType::kInt64, {3})),
            "input 'age' batch size does not match other inputs for model 'fraud': 3 and 2 rows");
}

TEST(CheckInputs, AllowsUnequalRowsWhereTheyAreNoRows) {
  Signature signature = fraud();
  signature.batched = false;

  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {2, 2}).add("age", DataType::kInt64, {3}), signature),
            "(accepted)");
}

TEST(CheckInputs, RefusesBytesThatDoNotFit) {
  EXPECT_EQ(refusal(Inputs().add("amount", DataType::kFp32, {1, 2}).add("age", DataType::kInt64, {1}).cut_last_byte()),
            "tensor 'age' of INT64 [1] needs 8 bytes, got 7");
}

TEST(RowCount, IsTheFirstDimensionWhenBatched) {
  Inputs inputs;
  inputs.add("amount", DataType::kFp32, {5, 2});
  Signature signature = fraud();

  EXPECT_EQ(row_count(signature, inputs.views()), 5);
  EXPECT_EQ(row_count(signature, {}), 1);
  signature.batched = false;
  EXPECT_EQ(row_count(signature, inputs.views()), 1);
}

}  // namespace
}  // namespace modelyard::inference
