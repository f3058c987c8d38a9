// Puts the files of a model on disk into a blob store: one .onnx file with the external data it names, or a folder.
#pragma once

#include <string>
#include <vector>

#include "registry/blob_store.h"
#include "registry/version_document.h"

namespace modelyard::app {

struct ModelFilePath {
  std::string relative;  // within the version
  std::string path;      // on disk
};

// What belongs to the model at `path`. InvalidArgument when that is no model.
Result<std::vector<ModelFilePath>> list_model_files(const std::string& path);

Result<std::vector<registry::VersionFile>> upload_model(const std::string& path, registry::BlobStore& blobs);

}  // namespace modelyard::app
