// TensorProfiler makes profiles of the columns of tensors, row after row.
//
// Columns: of a tensor of up to kMostColumns values a row; by the names of its features, else NAME, or NAME[0],
// NAME[1]… An output that is called as an input is "NAME (output)". Numbers are
//          numbers, texts and booleans are categories. A tensor that is wider, or without rows, is left out, and so
//          is what comes beyond kMostFeatures features in all, or kMostLayouts tensors of different width.
// Ownership: nothing that is given is kept.
// Threads: one at a time.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "inference/signature.h"
#include "monitoring/profile/feature_profile.h"

namespace modelyard::monitoring {

enum class Side { kInput, kOutput };

// Of the columns of tensors, by the tensor.
using ColumnNames = std::map<std::string, std::vector<std::string>, std::less<>>;
// Those of `signature` are added; it replaces what an earlier one said of the same tensor.
void add_column_names(const inference::Signature& signature, ColumnNames& names);

// Texts and booleans are categories.
FeatureKind kind_of(inference::DataType type);
// What the columns of a tensor of this form are called; none when its width is not known, or beyond kMostColumns.
std::vector<std::string> column_names(const inference::TensorSpec& spec);

class TensorProfiler {
 public:
  static constexpr std::int64_t kMostColumns = 512;
  static constexpr std::size_t kMostFeatures = 1024, kMostLayouts = 64;

  explicit TensorProfiler(ColumnNames names, std::uint32_t quantile_size = FeatureProfile::kQuantileSize)
      : names_(std::move(names)), quantile_size_(quantile_size) {}
  TensorProfiler(const TensorProfiler&) = delete;
  TensorProfiler& operator=(const TensorProfiler&) = delete;

  // Tensors and columns of these names are left out from now on, and what was kept of them goes.
  void hide(std::vector<std::string> names);
  // Every `stride`th of its rows, the first one among them. Pre: check_tensor_bytes(), stride ≥ 1.
  void add(Side side, const inference::TensorView& tensor, std::int64_t rows, std::size_t stride = 1);

  const Profiles& profiles() const { return profiles_; }
  // Ends its use.
  Profiles take() { return std::move(profiles_); }

 private:
  struct Columns {
    Side side;
    std::string tensor;
    std::vector<FeatureProfile*> profiles;  // null: hidden
  };

  // nullptr: there are too many.
  const std::vector<FeatureProfile*>* columns_of(Side side, const inference::TensorView& tensor, std::size_t count);
  std::vector<FeatureProfile*> make_columns(Side side, const inference::TensorView& tensor, std::size_t count);
  bool is_hidden(std::string_view name) const;

  const ColumnNames names_;
  const std::uint32_t quantile_size_;
  std::vector<std::string> hidden_;  // few
  Profiles profiles_;
  std::map<std::string, Side, std::less<>> sides_;  // of names of features
  std::vector<Columns> columns_;                    // few: found by looking at each
};

}  // namespace modelyard::monitoring
