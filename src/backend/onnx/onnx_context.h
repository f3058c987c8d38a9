// Runs one ONNX session by I/O binding. Private to this folder.
//
// Inputs are bound where they lie when they are aligned; outputs whose shape the signature tells are written by
// the engine into the buffers that become the response, the others stay in the engine's memory until released.
#pragma once

#include <memory>
#include <vector>

#include "backend/onnx/onnx_session.h"

namespace modelyard::backend {

class OnnxContext final : public ExecutionContext {
 public:
  static Result<std::unique_ptr<ExecutionContext>> create(std::shared_ptr<const OnnxSession> session);

  Status run(std::span<const inference::TensorView> inputs, std::span<const std::size_t> wanted,
             std::vector<inference::Tensor>& outputs) override;

 private:
  explicit OnnxContext(std::shared_ptr<const OnnxSession> session);

  Result<EngineHandle<OrtValue>> make_input(const inference::TensorView& input);
  Result<EngineHandle<OrtValue>> make_text_input(const inference::TensorView& input);
  Status bind_inputs(std::span<const inference::TensorView> inputs);
  Status bind_outputs(std::span<const std::size_t> wanted, std::int64_t rows, std::vector<inference::Tensor>& outputs);
  Status collect_outputs(std::span<const std::size_t> wanted, std::vector<inference::Tensor>& outputs);
  Status run_bound(std::span<const inference::TensorView> inputs, std::span<const std::size_t> wanted,
                   std::vector<inference::Tensor>& outputs);

  const std::shared_ptr<const OnnxSession> session_;
  const OrtApi& api_;
  OrtAllocator* allocator_ = nullptr;
  EngineHandle<OrtIoBinding> binding_;
  EngineHandle<OrtRunOptions> options_;
  std::vector<bool> shape_is_told_;                   // for each output: its declared shape has held so far
  std::vector<EngineHandle<OrtValue>> input_values_;  // of the run under way
  std::vector<inference::Buffer> copies_;
  std::vector<bool> preallocated_;
};

}  // namespace modelyard::backend
