#include "app/server/engines.h"

namespace modelyard::app {

backend::Backend* Engines::find(std::string_view format) const {
  for (const auto& backend : backends) {
    if (backend->format() == format) return backend.get();
  }
  return nullptr;
}

std::vector<backend::Backend*> Engines::all() const {
  std::vector<backend::Backend*> pointers;
  for (const auto& backend : backends) pointers.push_back(backend.get());
  return pointers;
}

Result<std::unique_ptr<backend::LoadedModel>> Engines::load(const std::string& format,
                                                            const std::string& folder) const {
  backend::Backend* backend = find(format);
  if (!backend) return error(Code::kUnimplemented, "no engine for the format '{}'", format);
  return backend->load(folder, {});
}

Result<Engines> open_engines(const std::string& onnxruntime_lib, backend::EngineLog log) {
  Engines engines;
  engines.onnx = backend::find_engine_library(onnxruntime_lib);
  if (!onnxruntime_lib.empty() && engines.onnx.api == nullptr) {
    return error(Code::kInvalidArgument, "onnxruntime_lib: '{}': {}", onnxruntime_lib,
                 engines.onnx.places.back().outcome);
  }
  MODELYARD_ASSIGN(auto onnx, backend::make_onnx_backend(engines.onnx, std::move(log)));
  engines.backends.push_back(std::move(onnx));
  return engines;
}

Json version_document(const Engines& engines) {
  Json formats = Json::array();
  for (const auto& backend : engines.backends) {
    const std::string version = backend->engine_version();
    Json format{{"format", backend->format()}, {"engine", backend->engine()}, {"served", !version.empty()}};
    if (version.empty()) {
      format["remedy"] = engines.onnx.remedy();
    } else {
      format["engine_version"] = version;
    }
    formats.push_back(std::move(format));
  }
  return {{"version", MODELYARD_VERSION},
          {"compiler", __VERSION__},
#if defined(NDEBUG)
          {"build", "release"},
#else
          {"build", "debug"},
#endif
          {"formats", std::move(formats)}};
}

}  // namespace modelyard::app
