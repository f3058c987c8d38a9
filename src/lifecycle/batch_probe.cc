#include "lifecycle/batch_probe.h"

#include "lifecycle/golden_check.h"
#include "lifecycle/made_up_inputs.h"

namespace modelyard::lifecycle {
namespace {

using inference::Tensor;
using inference::TensorView;

constexpr std::int64_t kRows = 3;

// A run of many rows may add up in another order than a run of one.
Tolerance tolerance_of(inference::DataType type) {
  switch (type) {
    case inference::DataType::kFp16:
    case inference::DataType::kBf16: return {2e-2, 2e-2};
    case inference::DataType::kFp64: return {1e-8, 1e-10};
    default: return {1e-4, 1e-5};
  }
}

std::span<const std::byte> row_of(std::span<const std::byte> bytes, std::int64_t row) {
  const std::size_t size = bytes.size() / kRows;
  return bytes.subspan(static_cast<std::size_t>(row) * size, size);
}

// One row of what was made for all. Texts are empty, so that their rows have a size, too.
std::vector<TensorView> row_of(const std::vector<TensorView>& all, std::int64_t row,
                               std::vector<inference::Shape>& shapes) {
  std::vector<TensorView> views;
  shapes.reserve(all.size());
  for (TensorView view : all) {
    inference::Shape& shape = shapes.emplace_back(view.shape.begin(), view.shape.end());
    shape.front() = 1;
    view.shape = shape;
    view.bytes = row_of(view.bytes, row);
    views.push_back(view);
  }
  return views;
}

Result<Tensor> row_of(const Tensor& output, std::int64_t row) {
  if (output.shape.empty() || output.shape.front() != kRows) {
    return error(Code::kFailedPrecondition, "output '{}' has shape {} for {} rows", output.name,
                 inference::format_shape(output.shape), kRows);
  }
  Tensor one{output.name, output.type, output.shape, {}};
  one.shape.front() = 1;
  const auto bytes = row_of(output.buffer.bytes(), row);
  one.buffer = inference::Buffer::allocate(bytes.size());
  std::ranges::copy(bytes, one.buffer.bytes().begin());
  return one;
}

Status compare_row(const std::vector<Tensor>& together, std::int64_t row, std::vector<Tensor> alone) {
  Golden expected;
  std::vector<Tensor> got;
  for (const Tensor& output : together) {
    if (output.type == inference::DataType::kBytes) continue;  // rows of texts have no size of their own
    MODELYARD_ASSIGN(Tensor one, row_of(output, row));
    expected.by_output[output.name] = tolerance_of(output.type);
    got.push_back(std::move(one));
  }
  std::erase_if(alone, [](const Tensor& output) { return output.type == inference::DataType::kBytes; });
  expected.samples.push_back({{}, std::move(alone)});
  return compare_outputs(expected, 0, got);
}

Status probe_with(const inference::Signature& signature, backend::ExecutionContext& context, MadeUp kind) {
  const auto tensors = made_up_inputs(signature, kRows, kind);
  const auto inputs = views_of(tensors);
  const auto wanted = all_outputs(signature);
  std::vector<Tensor> together;
  MODELYARD_TRY(context.run(inputs, wanted, together));
  for (std::int64_t row = 0; row < kRows; ++row) {
    std::vector<inference::Shape> shapes;
    std::vector<Tensor> alone;
    MODELYARD_TRY(context.run(row_of(inputs, row, shapes), wanted, alone));
    const Status same = compare_row(together, row, std::move(alone));
    if (!same) return error(Code::kFailedPrecondition, "answers change in company: {}", same.error().message());
  }
  return ok();
}

}  // namespace

Status probe_batching(const inference::Signature& signature, backend::ExecutionContext& context) {
  const Status varied = probe_with(signature, context, MadeUp::kVaried);
  // A model that takes no such numbers is asked with zeros.
  if (varied || varied.error().code() == Code::kFailedPrecondition) return varied;
  return probe_with(signature, context, MadeUp::kZeros);
}

}  // namespace modelyard::lifecycle
