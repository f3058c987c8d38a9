// Signature says what a version takes and gives: names, datatypes and shapes, with the names of features
// where they are known. It is part of a version's identity.
//
// Shapes:  -1 is any size. `batched` says that dimension 0 of every input and output is the row count.
// Format:  JSON, see docs/formats/version.md:
//          {"inputs":[{"name","datatype","shape","optional"?,"features"?}],"outputs":[…],"batched"?}
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/tensor.h"

namespace modelyard::inference {

struct TensorSpec {
  std::string name;
  DataType type = DataType::kFp32;
  Shape shape;
  bool optional = false;              // inputs only: the model has a default
  std::vector<std::string> features;  // names of the last dimension's columns; empty when unknown

  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  bool batched = false;

  // Position of a name, or nullopt.
  std::optional<std::size_t> find_input(std::string_view name) const;
  std::optional<std::size_t> find_output(std::string_view name) const;

  friend bool operator==(const Signature&, const Signature&) = default;
};

Json to_json(const Signature& signature);
// Refuses unknown fields, duplicate names, feature lists that do not fit the last dimension, and
// `batched` where some shape does not begin with -1.
Result<Signature> parse_signature(const Json& value);

// Refuses tensors that do not fit: unknown, duplicate or missing inputs, wrong datatype, rank or size.
// The words follow Triton's; `model` is the name in the message.
Status check_inputs(const Signature& signature, std::span<const TensorView> inputs, std::string_view model);

// Rows of a request: dimension 0 of the first input when batched, else 1.
std::int64_t row_count(const Signature& signature, std::span<const TensorView> inputs);

}  // namespace modelyard::inference
