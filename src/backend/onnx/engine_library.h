// Finds ONNX Runtime's library and opens it; never linked (docs/adr/0002).
//
// Places, in order: the path given, MODELYARD_ONNXRUNTIME_LIB is that path by way of the configuration,
//                   ORT_DYLIB_PATH, libonnxruntime.so.1 by the system's loader, lib/modelyard/engines/ beside the
//                   binary's folder, the checkout's build/engine/lib, onnxruntime of Python.
// Ownership: the library stays open for the life of the process: engines do not unload cleanly.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

struct OrtApi;

namespace modelyard::backend {

struct EnginePlace {
  std::string path;
  std::string outcome;  // "found", or why not
};

struct EngineLibrary {
  const OrtApi* api = nullptr;  // null when there is none
  std::string path;
  std::string version;              // "1.32.0"
  std::vector<EnginePlace> places;  // every place that was looked at

  // What to tell a person when there is none.
  std::string remedy() const;
};

// `given` is the operator's choice; when it is not empty, only it is looked at.
EngineLibrary find_engine_library(const std::string& given);

}  // namespace modelyard::backend
