// TensorFlow Serving's documents besides predict: status and metadata of a model.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/names.h"
#include "inference/signature.h"

namespace modelyard::edge::tfs {

struct VersionStatus {
  VersionNumber version = 0;
  std::string_view state;       // START, LOADING, AVAILABLE, UNLOADING, END
  std::string_view error_code;  // "OK", or TensorFlow's name of a code
  std::string error_message;
};
std::string status_document(std::span<const VersionStatus> versions);

std::string metadata_document(std::string_view model, VersionNumber version, const inference::Signature& signature);

}  // namespace modelyard::edge::tfs
