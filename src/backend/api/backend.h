// A Backend turns the files of a version into something that can run. An engine is a folder that implements
// these three interfaces; app/ alone names it.
//
// Ownership: Backend ≥ LoadedModel ≥ ExecutionContext: each must outlive what it made.
// Threads:   Backend and LoadedModel from any thread. An ExecutionContext belongs to one thread at a time.
// Errors:    InvalidArgument: the artifact is wrong, say how to export it right. Unimplemented: a format or
//            operator this engine lacks. Unavailable: the engine is not installed, say how to install it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inference/signature.h"
#include "inference/tensor.h"

namespace modelyard::backend {

// What the operator may set for one version.
struct LoadOptions {
  int intra_op_threads = 1;  // threads of one run, 1..256; no spinning

  friend bool operator==(const LoadOptions&, const LoadOptions&) = default;
};

// Runs one version; keeps bound tensors from run to run.
class ExecutionContext {
 public:
  virtual ~ExecutionContext() = default;

  // Pre: `inputs` passed inference::check_inputs(); `wanted` are positions in the signature's outputs, ascending.
  // Afterwards `outputs` holds one Tensor for each of them; they own their memory and stay valid when the context runs
  // again. Tensors that `outputs` has held before lend theirs. After an error its content is of no use.
  virtual Status run(std::span<const inference::TensorView> inputs, std::span<const std::size_t> wanted,
                     std::vector<inference::Tensor>& outputs) = 0;
};

class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  virtual const inference::Signature& signature() const = 0;
  virtual Result<std::unique_ptr<ExecutionContext>> new_context() = 0;
};

// What can be told of an artifact without running it.
struct Inspection {
  inference::Signature signature;
  std::vector<std::pair<std::string, std::string>> facts;  // "opset" → "ai.onnx 17", in order of interest
  std::vector<std::string> refusals;                       // why it would be refused; empty: it would load
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view format() const = 0;     // "onnx"
  virtual std::string_view engine() const = 0;     // "ONNX Runtime"
  virtual std::string engine_version() const = 0;  // "" when it is not installed
  // Upper bound of the memory a load will take, from the files alone.
  virtual Result<std::int64_t> estimate_bytes(const std::string& folder) const = 0;
  // `folder` holds the version's files under their relative paths. Nothing outside of it is read.
  virtual Result<std::unique_ptr<LoadedModel>> load(const std::string& folder, const LoadOptions& options) = 0;
};

}  // namespace modelyard::backend
