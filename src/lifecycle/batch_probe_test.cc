#include "lifecycle/batch_probe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "lifecycle/made_up_inputs.h"

namespace modelyard::lifecycle {
namespace {

using inference::DataType;
using inference::Tensor;
using inference::TensorView;

const inference::Signature kSignature{{{"x", DataType::kFp32, {-1, 2}}}, {{"y", DataType::kFp32, {-1}}}, true};

// y of each row by the test's own function of that row and of the whole.
class RowModel final : public backend::ExecutionContext {
 public:
  using Row = std::function<float(const float* row, std::size_t position, std::size_t rows)>;
  explicit RowModel(Row row) : row_(std::move(row)) {}

  std::int64_t rows_lost = 0;

  Status run(std::span<const TensorView> inputs, std::span<const std::size_t>, std::vector<Tensor>& outputs) override {
    std::vector<float> x(inputs[0].bytes.size() / sizeof(float));
    std::memcpy(x.data(), inputs[0].bytes.data(), inputs[0].bytes.size());
    const std::size_t rows = x.size() / 2;
    std::vector<float> y(rows);
    for (std::size_t i = 0; i < rows; ++i) y[i] = row_(x.data() + 2 * i, i, rows);
    const std::int64_t told = rows > 1 ? static_cast<std::int64_t>(rows) - rows_lost : 1;
    Tensor output{"y", DataType::kFp32, {told}, inference::Buffer::allocate(y.size() * sizeof(float))};
    std::memcpy(output.buffer.bytes().data(), y.data(), y.size() * sizeof(float));
    outputs.push_back(std::move(output));
    return ok();
  }

 private:
  const Row row_;
};

TEST(BatchProbe, AcceptsModelsWhoseRowsAreTheirOwn) {
  RowModel model([](const float* row, std::size_t, std::size_t) { return row[0] + 2 * row[1]; });
  EXPECT_TRUE(probe_batching(kSignature, model).has_value());
}

TEST(BatchProbe, ToleratesAnotherOrderOfAddition) {
  RowModel model(
      [](const float* row, std::size_t, std::size_t rows) { return row[0] * (1 + 1e-6F * static_cast<float>(rows)); });
  EXPECT_TRUE(probe_batching(kSignature, model).has_value());
}

TEST(BatchProbe, RefusesModelsWhoseRowsSeeEachOther) {
  RowModel by_count([](const float* row, std::size_t, std::size_t rows) { return row[0] / static_cast<float>(rows); });
  RowModel by_position([](const float*, std::size_t position, std::size_t) { return static_cast<float>(position); });
  for (RowModel* model : {&by_count, &by_position}) {
    const Status verdict = probe_batching(kSignature, *model);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_NE(verdict.error().message().find("answers change in company"), std::string::npos);
  }
}

TEST(BatchProbe, RefusesModelsThatLoseRows) {
  RowModel model([](const float* row, std::size_t, std::size_t) { return row[0]; });
  model.rows_lost = 1;
  EXPECT_FALSE(probe_batching(kSignature, model).has_value());
}

TEST(MadeUpInputs, DifferFromRowToRow) {
  for (int type = 0; type < inference::kDataTypes; ++type) {
    const auto kind = static_cast<DataType>(type);
    if (kind == DataType::kBytes) continue;
    const inference::Signature signature{{{"x", kind, {-1, 5}}}, {}, true};
    const auto inputs = made_up_inputs(signature, 3, MadeUp::kVaried);
    const auto bytes = inputs[0].buffer.bytes();
    ASSERT_EQ(bytes.size(), 15 * inference::element_bytes(kind));
    const std::size_t row = bytes.size() / 3;
    EXPECT_NE(std::memcmp(bytes.data(), bytes.data() + row, row), 0) << inference::data_type_name(kind);
    EXPECT_TRUE(inference::check_tensor_bytes(inputs[0].view()).has_value());
  }
}

}  // namespace
}  // namespace modelyard::lifecycle
