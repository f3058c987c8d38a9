// Turns the engine's output values into tensors. Private to this folder.
#pragma once

#include "backend/onnx/engine_handles.h"
#include "backend/onnx/onnx_session.h"
#include "inference/tensor.h"

namespace modelyard::backend {

// Fills type, shape and buffer. The buffer keeps the engine's memory where that is possible without a copy.
Status take_tensor(const OrtApi& api, EngineHandle<OrtValue> value, inference::Tensor& tensor);

// A sequence of maps as a matrix with a column for each key.
Status take_sequence_of_maps(const OrtApi& api, const OrtValue& value, OrtAllocator* allocator,
                             inference::Tensor& tensor);

}  // namespace modelyard::backend
