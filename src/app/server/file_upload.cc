#include "app/server/file_upload.h"

#include <algorithm>
#include <filesystem>

#include "backend/onnx/model_file.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

namespace fs = std::filesystem;

Result<std::vector<ModelFilePath>> list_folder(const fs::path& folder) {
  std::vector<ModelFilePath> files;
  std::error_code failure;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failure)) {
    if (!entry.is_regular_file(failure) || entry.is_symlink(failure)) continue;
    files.push_back({fs::relative(entry.path(), folder, failure).string(), entry.path().string()});
  }
  if (failure) return error(Code::kInvalidArgument, "cannot list '{}': {}", folder.string(), failure.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.relative < b.relative; });
  return files;
}

}  // namespace

Result<std::vector<ModelFilePath>> list_model_files(const std::string& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return list_folder(path);
  if (!fs::is_regular_file(path, failure)) return error(Code::kNotFound, "'{}' is neither a file nor a folder", path);
  MODELYARD_ASSIGN(const backend::ModelFile model, backend::read_model_file(path));
  std::vector<ModelFilePath> files{{"model.onnx", path}};
  const fs::path folder = fs::path(path).parent_path();
  const auto refusals = backend::find_refusals(model, folder.empty() ? "." : folder.string());
  if (!refusals.empty()) return Error(Code::kInvalidArgument, refusals.front());
  for (const std::string& location : model.external_files) files.push_back({location, (folder / location).string()});
  return files;
}

Result<std::vector<registry::VersionFile>> upload_model(const std::string& path, registry::BlobStore& blobs) {
  MODELYARD_ASSIGN(const auto files, list_model_files(path));
  std::vector<registry::VersionFile> uploaded;
  for (const ModelFilePath& file : files) {
    MODELYARD_ASSIGN(const std::string content, read_file(file.path, std::uint64_t{1} << 40));
    MODELYARD_ASSIGN(auto upload, blobs.begin_upload());
    MODELYARD_TRY(upload->write(std::as_bytes(std::span(content))));
    MODELYARD_ASSIGN(const auto record, upload->commit(std::nullopt));
    uploaded.push_back({file.relative, record.digest, record.size});
  }
  return uploaded;
}

}  // namespace modelyard::app
