#include "monitoring/profile/tensor_profiler.h"

#include <algorithm>
#include <set>

#include "inference/element.h"

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::TensorView;

void add_texts(const TensorView& tensor, const std::vector<FeatureProfile*>& columns, std::size_t stride) {
  std::size_t column = 0, row = 0;
  inference::for_each_bytes_element(tensor.bytes, [&](std::string_view text) {
    if (row == 0 && columns[column] != nullptr) columns[column]->add(text);
    if (++column < columns.size()) return;
    column = 0;
    if (++row == stride) row = 0;
  });
}

void add_numbers(const TensorView& tensor, const std::vector<FeatureProfile*>& columns, std::size_t stride) {
  const std::size_t width = inference::element_bytes(tensor.type), row_bytes = width * columns.size();
  const bool is_category = tensor.type == DataType::kBool;
  for (std::size_t row = 0; row + row_bytes <= tensor.bytes.size(); row += stride * row_bytes) {
    const std::byte* element = tensor.bytes.data() + row;
    for (FeatureProfile* const column : columns) {
      const double value = inference::number_at(tensor.type, element);
      element += width;
      if (column == nullptr) continue;
      is_category ? column->add(value != 0 ? "true" : "false") : column->add(value);
    }
  }
}

}  // namespace

FeatureKind kind_of(DataType type) {
  return type == DataType::kBytes || type == DataType::kBool ? FeatureKind::kCategory : FeatureKind::kNumber;
}

std::vector<std::string> column_names(const inference::TensorSpec& spec) {
  if (!spec.features.empty()) return spec.features;
  std::int64_t count = 1;
  for (std::size_t i = 1; i < spec.shape.size(); ++i) {
    count *= spec.shape[i];
    if (count < 1 || count > TensorProfiler::kMostColumns) return {};
  }
  if (count == 1) return {spec.name};
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(fmt::format("{}[{}]", spec.name, i));
  return names;
}

void add_column_names(const inference::Signature& signature, ColumnNames& names) {
  for (const auto* const specs : {&signature.inputs, &signature.outputs}) {
    for (const inference::TensorSpec& spec : *specs) {
      if (!spec.features.empty()) names[spec.name] = spec.features;
    }
  }
}

bool TensorProfiler::is_hidden(std::string_view name) const {
  return std::ranges::find(hidden_, name) != hidden_.end();
}

void TensorProfiler::hide(std::vector<std::string> names) {
  hidden_ = std::move(names);
  std::set<const FeatureProfile*> gone;
  for (const Columns& columns : columns_) {
    if (is_hidden(columns.tensor)) gone.insert(columns.profiles.begin(), columns.profiles.end());
  }
  columns_.clear();
  std::erase_if(profiles_, [&](const auto& feature) {
    const std::string_view name = feature.first;
    return gone.contains(&feature.second) || is_hidden(name.substr(0, name.find(" (output)")));
  });
}

void TensorProfiler::add(Side side, const TensorView& tensor, std::int64_t rows, std::size_t stride) {
  const std::int64_t elements = inference::element_count(tensor.shape).value_or(0);
  if (rows < 1 || elements < rows || elements % rows != 0 || elements / rows > kMostColumns) return;
  const std::int64_t count = elements / rows;
  const auto* const columns = columns_of(side, tensor, static_cast<std::size_t>(count));
  if (columns == nullptr) return;
  // Another version may have given it another datatype.
  const FeatureKind kind = kind_of(tensor.type);
  if (std::ranges::any_of(*columns,
                          [kind](const FeatureProfile* column) { return column != nullptr && column->kind() != kind; }))
    return;
  tensor.type == DataType::kBytes ? add_texts(tensor, *columns, stride) : add_numbers(tensor, *columns, stride);
}

const std::vector<FeatureProfile*>* TensorProfiler::columns_of(Side side, const TensorView& tensor, std::size_t count) {
  auto found = std::ranges::find_if(columns_, [&](const Columns& columns) {
    return columns.side == side && columns.tensor == tensor.name && columns.profiles.size() == count;
  });
  if (found == columns_.end()) {
    if (columns_.size() == kMostLayouts || profiles_.size() + count > kMostFeatures) return nullptr;
    found = columns_.insert(found, {side, std::string(tensor.name), make_columns(side, tensor, count)});
  }
  return &found->profiles;
}

std::vector<FeatureProfile*> TensorProfiler::make_columns(Side side, const TensorView& tensor, std::size_t count) {
  std::vector<FeatureProfile*> columns;
  const auto named = names_.find(tensor.name);
  const bool has_names = named != names_.end() && named->second.size() == count;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = has_names    ? named->second[i]
                       : count == 1 ? std::string(tensor.name)
                                    : fmt::format("{}[{}]", tensor.name, i);
    if (is_hidden(tensor.name) || is_hidden(name)) {
      columns.push_back(nullptr);
      continue;
    }
    if (sides_.try_emplace(name, side).first->second != side) name += " (output)";
    columns.push_back(&profiles_.try_emplace(name, kind_of(tensor.type), quantile_size_).first->second);
  }
  return columns;
}

}  // namespace modelyard::monitoring
