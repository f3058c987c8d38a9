#include "backend/onnx/engine_library.h"

#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace modelyard::backend {
namespace {

namespace fs = std::filesystem;

// The library in a folder, whatever version its name carries.
std::string library_in(const fs::path& folder) {
  std::error_code ignored;
  std::string best;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("libonnxruntime.so") && name.size() > best.size()) best = name;
  }
  return best.empty() ? "" : (folder / best).string();
}

std::vector<std::string> python_folders() {
  std::vector<std::string> folders;
  std::error_code ignored;
  for (const char* root : {"/usr/local/lib", "/usr/lib"}) {
    for (const auto& entry : fs::directory_iterator(root, ignored)) {
      if (!entry.path().filename().string().starts_with("python3")) continue;
      for (const char* packages : {"site-packages", "dist-packages"}) {
        folders.push_back((entry.path() / packages / "onnxruntime/capi").string());
      }
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<std::string> candidates(const std::string& given) {
  if (!given.empty()) return {given};
  std::vector<std::string> paths;
  if (const char* path = std::getenv("ORT_DYLIB_PATH"); path != nullptr && *path != '\0') paths.emplace_back(path);
  paths.emplace_back("libonnxruntime.so.1");  // what the system has, by the loader's own rules
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::vector<std::string> folders = {(binary / "../lib/modelyard/engines").lexically_normal().string()};
  // A binary in build/<preset>/bin of a checkout.
  folders.push_back((binary / "../../engine/lib").lexically_normal().string());
  for (const std::string& folder : folders) {
    const std::string found = library_in(folder);
    paths.push_back(found.empty() ? folder + "/libonnxruntime.so.1" : found);
  }
  for (const std::string& folder : python_folders()) {
    if (const std::string found = library_in(folder); !found.empty()) paths.push_back(found);
  }
  return paths;
}

// Fills `library` when the path is ONNX Runtime of a version that knows our interface.
std::string try_open(const std::string& path, EngineLibrary& library) {
  // Local symbols: the engine's copies of common libraries must not meet ours.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return "not found";
  using GetBase = const OrtApiBase* (*)();
  const auto get_base = reinterpret_cast<GetBase>(::dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) return "is not ONNX Runtime";
  const OrtApiBase* base = get_base();
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) return fmt::format("version {} is too old", base->GetVersionString());
  library.api = api;
  library.version = base->GetVersionString();
  library.path = path;
  return "found";
}

}  // namespace

std::string EngineLibrary::remedy() const {
  return "ONNX Runtime was not found: run tools/engine.sh, or `pip install onnxruntime`, or name the library by "
         "--onnxruntime-lib; `modelyard doctor` lists the places that were looked at";
}

EngineLibrary find_engine_library(const std::string& given) {
  EngineLibrary library;
  for (const std::string& path : candidates(given)) {
    std::string outcome = try_open(path, library);
    library.places.push_back({path, std::move(outcome)});
    if (library.api != nullptr) break;
  }
  return library;
}

}  // namespace modelyard::backend
