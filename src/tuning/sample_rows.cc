#include "tuning/sample_rows.h"

#include <algorithm>
#include <cstring>

namespace modelyard::tuning {
namespace {

using inference::Tensor;

// Cuts a tensor into its rows. Elements of BYTES vary, so they are walked.
std::vector<std::vector<std::byte>> rows_of(const Tensor& tensor, std::size_t count) {
  std::vector<std::vector<std::byte>> rows;
  std::span<const std::byte> rest = tensor.buffer.bytes();
  std::size_t elements = 1;
  for (const std::int64_t size : tensor.shape) elements *= static_cast<std::size_t>(size);
  const std::size_t width = inference::element_bytes(tensor.type), per_row = elements / count;
  for (std::size_t row = 0; row < count; ++row) {
    std::size_t bytes = per_row * width;
    for (std::size_t i = 0; width == 0 && i < per_row; ++i) {
      std::uint32_t length = 0;
      std::memcpy(&length, rest.data() + bytes, sizeof length);
      bytes += sizeof length + length;
    }
    rows.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(bytes));
    rest = rest.subspan(bytes);
  }
  return rows;
}

}  // namespace

SampleRows::SampleRows(const inference::Signature& signature, const lifecycle::Golden& golden) : signature_(signature) {
  for (const lifecycle::GoldenSample& sample : golden.samples) {
    add(sample.inputs);
    if (!signature.batched && !columns_.empty()) break;
  }
}

void SampleRows::add(const std::vector<Tensor>& inputs) {
  std::vector<Column> columns;
  for (const Tensor& input : inputs) {
    const std::int64_t count = signature_.batched && !input.shape.empty() ? input.shape.front() : 1;
    if (count < 1) return;
    Column column{
        {input.name, input.type, {}, false, {}}, input.shape, rows_of(input, static_cast<std::size_t>(count))};
    if (signature_.batched) column.row_shape.erase(column.row_shape.begin());
    columns.push_back(std::move(column));
  }
  const auto alike = [](const Column& a, const Column& b) { return a.spec == b.spec && a.row_shape == b.row_shape; };
  if (columns_.empty()) {
    columns_ = std::move(columns);
    return;
  }
  if (!std::ranges::equal(columns_, columns, alike)) return;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::ranges::move(columns[i].rows, std::back_inserter(columns_[i].rows));
  }
}

std::vector<Tensor> SampleRows::take(std::int64_t rows) const {
  if (columns_.empty()) return lifecycle::made_up_inputs(signature_, rows, made_up_);
  std::vector<Tensor> tensors;
  for (const Column& column : columns_) {
    Tensor tensor{column.spec.name, column.spec.type, column.row_shape, {}};
    if (signature_.batched) tensor.shape.insert(tensor.shape.begin(), rows);
    std::vector<std::byte> bytes;
    for (std::size_t row = 0; row < static_cast<std::size_t>(signature_.batched ? rows : 1); ++row) {
      const auto& piece = column.rows[row % column.rows.size()];
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    tensor.buffer = inference::Buffer::allocate(bytes.size());
    std::ranges::copy(bytes, tensor.buffer.bytes().begin());
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace modelyard::tuning
