// One loaded ONNX model: a session and its signature. Private to this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/api/backend.h"
#include "backend/onnx/engine_handles.h"

namespace modelyard::backend {

// How the engine's value of an output becomes a tensor.
enum class OutputForm { kTensor, kSequenceOfMaps };

struct OnnxSession {
  const OrtApi* api = nullptr;
  EngineHandle<OrtSession> session;
  EngineHandle<OrtMemoryInfo> cpu;
  inference::Signature signature;
  std::vector<OutputForm> forms;  // of signature.outputs
};

// Reads names, types and shapes of a session. Unimplemented for types the protocol has no word for.
Status read_signature(OnnxSession& session);

class OnnxModel final : public LoadedModel {
 public:
  explicit OnnxModel(std::shared_ptr<const OnnxSession> session) : session_(std::move(session)) {}
  ~OnnxModel() override;
  const inference::Signature& signature() const override { return session_->signature; }
  Result<std::unique_ptr<ExecutionContext>> new_context() override;

 private:
  // Last owner: this model or its last context.
  std::shared_ptr<const OnnxSession> session_;
};

}  // namespace modelyard::backend
