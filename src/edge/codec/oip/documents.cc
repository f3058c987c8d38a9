#include "edge/codec/oip/documents.h"

#include "base/json.h"

namespace modelyard::edge::oip {
namespace {

// Documents keep the order in which clients are used to read them.
using Ordered = nlohmann::ordered_json;

constexpr std::int64_t kMaxBatchSize = 1'000'000;  // no limit of ours; the field needs a number

std::string write(const Ordered& document) {
  return document.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

Ordered metadata_of(const inference::TensorSpec& spec) {
  return {{"name", spec.name}, {"datatype", inference::data_type_name(spec.type)}, {"shape", spec.shape}};
}

// TYPE_STRING is what ModelConfig calls BYTES.
std::string config_type(inference::DataType type) {
  return type == inference::DataType::kBytes ? "TYPE_STRING" : "TYPE_" + std::string(inference::data_type_name(type));
}

Ordered config_of(const inference::TensorSpec& spec, bool batched) {
  inference::Shape dims = spec.shape;
  if (batched) dims.erase(dims.begin());
  Ordered document{{"name", spec.name}, {"data_type", config_type(spec.type)}, {"dims", dims}};
  if (spec.optional) document["optional"] = true;
  return document;
}

Ordered duration(const DurationCount& value) {
  return {{"count", value.count}, {"ns", value.nanoseconds}};
}

Ordered statistics_of(const ModelStatistics& model) {
  Ordered batches = Ordered::array();
  for (const BatchCount& batch : model.batches) {
    batches.push_back({{"batch_size", batch.size},
                       {"compute_input", duration(batch.input)},
                       {"compute_infer", duration(batch.infer)},
                       {"compute_output", duration(batch.output)}});
  }
  return {{"name", model.model},
          {"version", std::to_string(model.version)},
          {"last_inference", model.last_inference_ms},
          {"inference_count", model.inferences},
          {"execution_count", model.executions},
          {"inference_stats",
           {{"success", duration(model.success)},
            {"fail", duration(model.fail)},
            {"queue", duration(model.queue)},
            {"compute_input", duration(model.compute_input)},
            {"compute_infer", duration(model.compute_infer)},
            {"compute_output", duration(model.compute_output)},
            {"cache_hit", duration(model.cache_hit)},
            {"cache_miss", duration({})}}},
          {"response_stats", Ordered::object()},
          {"batch_stats", std::move(batches)},
          {"memory_usage", Ordered::array()}};
}

Result<Json> parse_optional_object(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json::object();
  MODELYARD_ASSIGN(Json document, parse_json(body));
  if (!document.is_object()) return error(Code::kInvalidArgument, "the request must be a JSON object");
  return document;
}

}  // namespace

std::string error_document(std::string_view text) {
  return write({{"error", text}});
}

std::string server_metadata(std::string_view server_version, std::span<const std::string> further) {
  Ordered extensions{"classification",     "model_repository", "model_configuration", "schedule_policy",
                     "binary_tensor_data", "parameters",       "statistics",          "logging"};
  for (const std::string& extension : further) extensions.push_back(extension);
  return write({{"name", "modelyard"}, {"version", server_version}, {"extensions", std::move(extensions)}});
}

std::string model_metadata(std::string_view model, std::span<const VersionNumber> versions,
                           const inference::Signature& signature) {
  Ordered listed = Ordered::array(), inputs = Ordered::array(), outputs = Ordered::array();
  for (const VersionNumber version : versions) listed.push_back(std::to_string(version));
  for (const auto& spec : signature.inputs) inputs.push_back(metadata_of(spec));
  for (const auto& spec : signature.outputs) outputs.push_back(metadata_of(spec));
  return write({{"name", model},
                {"versions", std::move(listed)},
                {"platform", "onnxruntime_onnx"},
                {"inputs", std::move(inputs)},
                {"outputs", std::move(outputs)}});
}

std::string model_config(std::string_view model, const inference::Signature& signature) {
  Ordered inputs = Ordered::array(), outputs = Ordered::array();
  for (const auto& spec : signature.inputs) inputs.push_back(config_of(spec, signature.batched));
  for (const auto& spec : signature.outputs) outputs.push_back(config_of(spec, signature.batched));
  return write({{"name", model},
                {"platform", "onnxruntime_onnx"},
                {"backend", "onnxruntime"},
                {"version_policy", {{"latest", {{"num_versions", 1}}}}},
                {"max_batch_size", signature.batched ? kMaxBatchSize : 0},
                {"input", std::move(inputs)},
                {"output", std::move(outputs)},
                {"model_transaction_policy", {{"decoupled", false}}}});
}

std::string statistics_document(std::span<const ModelStatistics> models) {
  Ordered listed = Ordered::array();
  for (const ModelStatistics& model : models) listed.push_back(statistics_of(model));
  return write({{"model_stats", std::move(listed)}});
}

std::string repository_index(std::span<const IndexEntry> entries) {
  Ordered listed = Ordered::array();
  for (const IndexEntry& entry : entries) {
    Ordered document{{"name", entry.model}};
    if (entry.version > 0) {
      document["version"] = std::to_string(entry.version);
      document["state"] = entry.state;
      document["reason"] = entry.reason;
    }
    listed.push_back(std::move(document));
  }
  return write(listed);
}

Result<bool> parse_index_request(std::string_view body) {
  MODELYARD_ASSIGN(const Json document, parse_optional_object(body));
  const auto ready = document.find("ready");
  if (ready == document.end()) return false;
  if (!ready->is_boolean()) return error(Code::kInvalidArgument, "Unable to parse 'ready': expected a boolean");
  return ready->get<bool>();
}

Status check_load_request(std::string_view body) {
  MODELYARD_ASSIGN(const Json document, parse_optional_object(body));
  const auto parameters = document.find("parameters");
  if (parameters == document.end() || !parameters->is_object()) return ok();
  for (const auto& [key, unused] : parameters->items()) {
    if (key != "config" && !key.starts_with("file:")) continue;
    return error(Code::kUnimplemented,
                 "load with '{}' is not supported: publish a version with `modelyard push` instead", key);
  }
  return ok();
}

Status check_unload_request(std::string_view body) {
  MODELYARD_ASSIGN(const Json document, parse_optional_object(body));
  const auto parameters = document.find("parameters");
  if (parameters == document.end()) return ok();
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(*parameters, "parameters"));
  MODELYARD_TRY(reader.optional_boolean("unload_dependents"));  // versions have no dependents
  return reader.finish();
}

}  // namespace modelyard::edge::oip
