#include "edge/codec/tfs/documents.h"

#include <nlohmann/json.hpp>

namespace modelyard::edge::tfs {
namespace {

using Ordered = nlohmann::ordered_json;

std::string write(const Ordered& document) {
  return document.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

// Names of tensorflow.DataType.
std::string_view tensorflow_type(inference::DataType type) {
  using enum inference::DataType;
  switch (type) {
    case kBool: return "DT_BOOL";
    case kUint8: return "DT_UINT8";
    case kUint16: return "DT_UINT16";
    case kUint32: return "DT_UINT32";
    case kUint64: return "DT_UINT64";
    case kInt8: return "DT_INT8";
    case kInt16: return "DT_INT16";
    case kInt32: return "DT_INT32";
    case kInt64: return "DT_INT64";
    case kFp16: return "DT_HALF";
    case kBf16: return "DT_BFLOAT16";
    case kFp32: return "DT_FLOAT";
    case kFp64: return "DT_DOUBLE";
    case kBytes: return "DT_STRING";
  }
  return "DT_INVALID";
}

Ordered tensors_of(std::span<const inference::TensorSpec> specs) {
  Ordered tensors = Ordered::object();
  for (const auto& spec : specs) {
    Ordered dimensions = Ordered::array();
    for (const std::int64_t size : spec.shape) dimensions.push_back({{"size", std::to_string(size)}, {"name", ""}});
    tensors[spec.name] = {{"dtype", tensorflow_type(spec.type)},
                          {"tensor_shape", {{"dim", std::move(dimensions)}, {"unknown_rank", false}}},
                          {"name", spec.name}};
  }
  return tensors;
}

}  // namespace

std::string status_document(std::span<const VersionStatus> versions) {
  Ordered listed = Ordered::array();
  for (const VersionStatus& version : versions) {
    listed.push_back({{"version", std::to_string(version.version)},
                      {"state", version.state},
                      {"status", {{"error_code", version.error_code}, {"error_message", version.error_message}}}});
  }
  return write({{"model_version_status", std::move(listed)}});
}

std::string metadata_document(std::string_view model, VersionNumber version, const inference::Signature& signature) {
  const Ordered serving{{"inputs", tensors_of(signature.inputs)},
                        {"outputs", tensors_of(signature.outputs)},
                        {"method_name", "tensorflow/serving/predict"}};
  return write({{"model_spec", {{"name", model}, {"signature_name", ""}, {"version", std::to_string(version)}}},
                {"metadata",
                 {{"signature_def",
                   {{"@type", "type.googleapis.com/tensorflow.serving.SignatureDefMap"},
                    {"signature_def", {{"serving_default", serving}}}}}}}});
}

}  // namespace modelyard::edge::tfs
