// ONNX models on ONNX Runtime.
//
// A version's model is the file model.onnx of its folder, or its only *.onnx file. External data is read from
// the same folder and never from outside of it.
// Threads: as backend/api says; all sessions share one engine environment.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/api/backend.h"
#include "backend/onnx/engine_library.h"

namespace modelyard::backend {

// Receives the engine's own warnings and errors.
using EngineLog = std::function<void(std::string_view message)>;

// Works without the engine, too: then load() answers Unavailable with the remedy.
Result<std::unique_ptr<Backend>> make_onnx_backend(EngineLibrary library, EngineLog log);

// What the files say, and whether this engine would take them. Loads the model when the engine is there.
Result<Inspection> inspect_onnx(Backend& backend, const std::string& folder);

// The path of the model file within the folder. InvalidArgument when there is none or more than one.
Result<std::string> find_model_file(const std::string& folder);

}  // namespace modelyard::backend
