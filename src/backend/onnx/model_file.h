// Reads what matters of an ONNX file without the engine: a bounded reader of the protobuf wire format, for the
// few fields of ModelProto that are looked at (onnx.proto, field numbers in the .cc).
//
// Limits:  no recursion; at most kMaxMessages messages and 64 levels; weights are skipped, not read.
// Errors:  InvalidArgument for what is not ONNX or damaged; NotFound.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace modelyard::backend {

struct ModelFile {
  std::int64_t ir_version = 0;
  std::string producer;
  std::string producer_version;
  std::map<std::string, std::int64_t> opsets;     // domain → version; "" is ai.onnx
  std::map<std::string, std::int64_t> operators;  // "MatMul", "ai.onnx.ml.Scaler" → how often
  std::vector<std::string> external_files;        // locations of external data, sorted
  std::vector<std::string> metadata_keys;
  std::int64_t file_bytes = 0;
};

Result<ModelFile> parse_model(std::string_view bytes);
Result<ModelFile> read_model_file(const std::string& path);

// Why this file would not be served; empty when nothing is known against it.
std::vector<std::string> find_refusals(const ModelFile& file, const std::string& folder);

}  // namespace modelyard::backend
