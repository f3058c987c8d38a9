#include "backend/onnx/onnx_backend.h"

#include <algorithm>
#include <filesystem>

#include "backend/onnx/model_file.h"
#include "backend/onnx/onnx_session.h"

namespace modelyard::backend {
namespace {

namespace fs = std::filesystem;

// Weights are held once in their own layout and once more as the engine packs them for its kernels; the rest
// is what a session takes without a model.
constexpr std::int64_t kFileFactor = 2;
constexpr std::int64_t kSessionBytes = 8 << 20;

class OnnxBackend final : public Backend {
 public:
  OnnxBackend(EngineLibrary library, EngineLog log) : library_(std::move(library)), log_(std::move(log)) {}

  Status open() {
    if (library_.api == nullptr) return ok();
    OrtEnv* environment = nullptr;
    MODELYARD_TRY(engine_status(
        *library_.api, library_.api->CreateEnvWithCustomLogger(&OnnxBackend::receive_log, this,
                                                               ORT_LOGGING_LEVEL_WARNING, "modelyard", &environment)));
    environment_ = {environment, library_.api->ReleaseEnv};
    return ok();
  }

  std::string_view format() const override { return "onnx"; }
  std::string_view engine() const override { return "ONNX Runtime"; }
  std::string engine_version() const override { return library_.version; }

  Result<std::int64_t> estimate_bytes(const std::string& folder) const override {
    std::int64_t bytes = 0;
    std::error_code failure;
    for (const auto& entry : fs::recursive_directory_iterator(folder, failure)) {
      if (entry.is_regular_file(failure)) bytes += static_cast<std::int64_t>(entry.file_size(failure));
    }
    if (failure) return error(Code::kInternal, "cannot list '{}': {}", folder, failure.message());
    return kFileFactor * bytes + kSessionBytes;
  }

  Result<std::unique_ptr<LoadedModel>> load(const std::string& folder, const LoadOptions& options) override {
    if (library_.api == nullptr) return Error(Code::kUnavailable, library_.remedy());
    MODELYARD_ASSIGN(const std::string path, find_model_file(folder));
    MODELYARD_ASSIGN(const ModelFile file, read_model_file(path));
    const auto refusals = find_refusals(file, folder);
    if (!refusals.empty()) return Error(Code::kInvalidArgument, refusals.front());
    auto session = std::make_shared<OnnxSession>();
    session->api = library_.api;
    MODELYARD_TRY(open_session(path, options, *session));
    MODELYARD_TRY(read_signature(*session));
    return std::unique_ptr<LoadedModel>(std::make_unique<OnnxModel>(std::move(session)));
  }

 private:
  static void ORT_API_CALL receive_log(void* self, OrtLoggingLevel, const char*, const char*, const char*,
                                       const char* message) {
    const std::string_view text = message;
    // LightGBM's converter declares the label as one value; harmless, and said at every batch.
    if (text.find("Expected shape from model of {1}") != std::string_view::npos) return;
    const auto& log = static_cast<OnnxBackend*>(self)->log_;
    if (log) log(text);
  }

  Status open_session(const std::string& path, const LoadOptions& options, OnnxSession& session) {
    const OrtApi& api = *library_.api;
    OrtSessionOptions* raw = nullptr;
    MODELYARD_TRY(engine_status(api, api.CreateSessionOptions(&raw)));
    const EngineHandle<OrtSessionOptions> settings(raw, api.ReleaseSessionOptions);
    MODELYARD_TRY(engine_status(api, api.SetIntraOpNumThreads(raw, options.intra_op_threads)));
    MODELYARD_TRY(engine_status(api, api.SetInterOpNumThreads(raw, 1)));
    MODELYARD_TRY(engine_status(api, api.SetSessionExecutionMode(raw, ORT_SEQUENTIAL)));
    MODELYARD_TRY(engine_status(api, api.SetSessionGraphOptimizationLevel(raw, ORT_ENABLE_ALL)));
    // Spinning threads take the cores that the event loops need.
    MODELYARD_TRY(engine_status(api, api.AddSessionConfigEntry(raw, "session.intra_op.allow_spinning", "0")));
    MODELYARD_TRY(engine_status(api, api.AddSessionConfigEntry(raw, "session.inter_op.allow_spinning", "0")));
    OrtSession* opened = nullptr;
    MODELYARD_TRY(engine_status(api, api.CreateSession(environment_.get(), path.c_str(), raw, &opened)));
    session.session = {opened, api.ReleaseSession};
    OrtMemoryInfo* cpu = nullptr;
    MODELYARD_TRY(engine_status(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &cpu)));
    session.cpu = {cpu, api.ReleaseMemoryInfo};
    return ok();
  }

  const EngineLibrary library_;
  const EngineLog log_;
  EngineHandle<OrtEnv> environment_;
};

void add_facts(const ModelFile& file, std::vector<std::pair<std::string, std::string>>& facts) {
  facts.emplace_back("producer", fmt::format("{} {}", file.producer, file.producer_version));
  facts.emplace_back("ir version", std::to_string(file.ir_version));
  for (const auto& [domain, version] : file.opsets) {
    facts.emplace_back("opset", fmt::format("{} {}", domain.empty() ? "ai.onnx" : domain, version));
  }
  std::string operators;
  for (const auto& [name, count] : file.operators) {
    operators += fmt::format("{}{} ×{}", operators.empty() ? "" : ", ", name, count);
  }
  facts.emplace_back("operators", operators);
  facts.emplace_back("file size", fmt::format("{} bytes", file.file_bytes));
  for (const std::string& location : file.external_files) facts.emplace_back("external data", location);
}

}  // namespace

Result<std::unique_ptr<Backend>> make_onnx_backend(EngineLibrary library, EngineLog log) {
  auto backend = std::make_unique<OnnxBackend>(std::move(library), std::move(log));
  MODELYARD_TRY(backend->open());
  return std::unique_ptr<Backend>(std::move(backend));
}

Result<std::string> find_model_file(const std::string& folder) {
  const fs::path preferred = fs::path(folder) / "model.onnx";
  std::error_code failure;
  if (fs::is_regular_file(preferred, failure)) return preferred.string();
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".onnx") found.push_back(entry.path().string());
  }
  if (found.size() == 1) return found.front();
  return error(Code::kInvalidArgument, "the version has {} .onnx files and none is called model.onnx", found.size());
}

Result<Inspection> inspect_onnx(Backend& backend, const std::string& folder) {
  MODELYARD_ASSIGN(const std::string path, find_model_file(folder));
  MODELYARD_ASSIGN(const ModelFile file, read_model_file(path));
  Inspection inspection;
  add_facts(file, inspection.facts);
  inspection.refusals = find_refusals(file, folder);
  if (!inspection.refusals.empty()) return inspection;
  const auto model = backend.load(folder, {});
  if (model) {
    inspection.signature = (*model)->signature();
  } else {
    inspection.refusals.push_back(model.error().message());
  }
  return inspection;
}

}  // namespace modelyard::backend
