#include "app/cli/version_download.h"

#include <filesystem>

#include "app/cli/screen.h"
#include "control/models/golden_document.h"
#include "registry/version_document.h"

namespace modelyard::app {
namespace {

namespace fs = std::filesystem;

Status download_file(const HttpClient& client, const registry::VersionFile& file, const std::string& folder) {
  const fs::path target = fs::path(folder) / file.path;
  std::error_code failure;
  fs::create_directories(target.parent_path(), failure);
  if (failure) return error(Code::kInternal, "cannot make '{}': {}", target.parent_path().string(), failure.message());
  ProgressBar bar("fetching " + target.filename().string());
  MODELYARD_ASSIGN(const Digest digest, client.download("/api/v1/blobs/" + file.digest.hex(), target.string(),
                                                        [&](std::int64_t got) { bar.show(got, file.size); }));
  if (digest == file.digest) return ok();
  return error(Code::kInternal, "'{}' came with the digest {}, not {}", file.path, digest.hex(), file.digest.hex());
}

}  // namespace

Result<lifecycle::Artifact> download_version(const HttpClient& client, const Json& version, const std::string& folder) {
  MODELYARD_ASSIGN(const auto document, registry::parse_version_document({{"format", version["format"]},
                                                                          {"files", version["files"]},
                                                                          {"signature", version["signature"]}}));
  lifecycle::Artifact artifact;
  artifact.folder = folder;
  artifact.format = document.format;
  MODELYARD_ASSIGN(artifact.signature, inference::parse_signature(document.signature));
  for (const Json& attachment : version["attachments"]) {
    if (attachment["kind"] != "golden") continue;
    MODELYARD_ASSIGN(artifact.golden, control::parse_golden(attachment["content"]));  // the newest counts
  }
  for (const registry::VersionFile& file : document.files) {
    MODELYARD_TRY(download_file(client, file, folder));
    artifact.file_bytes += file.size;
  }
  return artifact;
}

}  // namespace modelyard::app
