// The engines this program knows: the one place that names them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/onnx/onnx_backend.h"
#include "base/json.h"

namespace modelyard::app {

struct Engines {
  backend::EngineLibrary onnx;
  std::vector<std::unique_ptr<backend::Backend>> backends;

  backend::Backend* find(std::string_view format) const;
  std::vector<backend::Backend*> all() const;
  Result<std::unique_ptr<backend::LoadedModel>> load(const std::string& format, const std::string& folder) const;
};

Result<Engines> open_engines(const std::string& onnxruntime_lib, backend::EngineLog log);

// Version, build, engines, formats served and not served with the remedy.
Json version_document(const Engines& engines);

}  // namespace modelyard::app
