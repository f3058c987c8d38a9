// JudgedOutputs are the outputs that an evaluation names, put together from what was kept of an answer.
//
// A name is that of an output, or OUTPUT.FEATURE: one column of an output whose columns have names. Either may have
// been kept as a whole, or, where capture names features, column by column as OUTPUT.FEATURE; an output that was taken
// apart is there when all its columns are. Ownership: views what it was found in, which must outlive it. Threads: pure.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/signature.h"
#include "inference/tensor.h"
#include "monitoring/accuracy/evaluation.h"

namespace modelyard::monitoring {

// Where OUTPUT.FEATURE stands; nullopt when it is none, and when an output has that name.
struct OutputColumn {
  std::size_t output = 0;  // its place in the signature
  std::size_t column = 0;  // of the last dimension
};
std::optional<OutputColumn> find_column(const inference::Signature& signature, const std::string& name);

class JudgedOutputs {
 public:
  // What is not found is not among the views.
  JudgedOutputs(const Evaluation& evaluation, const inference::Signature& signature,
                std::span<const inference::TensorView> kept);

  std::span<const inference::TensorView> views() const { return views_; }

 private:
  void add(const std::string& name, const inference::Signature& signature, std::span<const inference::TensorView> kept);
  void join_columns(const std::string& name, const inference::TensorSpec& spec,
                    std::span<const inference::TensorView> kept);
  void cut_column(const std::string& name, const inference::TensorSpec& spec, std::size_t column,
                  std::span<const inference::TensorView> kept);

  struct Made {
    std::string name;
    inference::Shape shape;
    std::vector<std::byte> bytes;
  };
  void view(inference::DataType type, Made made);

  std::deque<Made> made_;
  std::vector<inference::TensorView> views_;
};

}  // namespace modelyard::monitoring
