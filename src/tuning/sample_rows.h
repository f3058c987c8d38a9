// SampleRows are inputs to measure with: the rows of a version's golden samples again and again, or made up.
#pragma once

#include <vector>

#include "inference/signature.h"
#include "lifecycle/made_up_inputs.h"
#include "lifecycle/source.h"

namespace modelyard::tuning {

class SampleRows {
 public:
  // Samples that differ from the first one in more than their rows are left out.
  SampleRows(const inference::Signature& signature, const lifecycle::Golden& golden);

  // So many rows; when the signature is not batched, one run's inputs.
  std::vector<inference::Tensor> take(std::int64_t rows) const;
  // For a model that does not take small numbers that vary.
  void make_up_zeros() { made_up_ = lifecycle::MadeUp::kZeros; }
  bool are_recorded() const { return !columns_.empty(); }

 private:
  // An input's bytes, row by row.
  struct Column {
    inference::TensorSpec spec;
    inference::Shape row_shape;  // without dimension 0 when batched
    std::vector<std::vector<std::byte>> rows;
  };
  void add(const std::vector<inference::Tensor>& inputs);

  const inference::Signature signature_;
  std::vector<Column> columns_;
  lifecycle::MadeUp made_up_ = lifecycle::MadeUp::kVaried;
};

}  // namespace modelyard::tuning
