#include "inference/signature.h"

#include <algorithm>
#include <set>

namespace modelyard::inference {
namespace {

std::optional<std::size_t> find_name(std::span<const TensorSpec> specs, std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  return std::nullopt;
}

Json spec_to_json(const TensorSpec& spec) {
  Json value{{"name", spec.name}, {"datatype", std::string(data_type_name(spec.type))}, {"shape", spec.shape}};
  if (spec.optional) value["optional"] = true;
  if (!spec.features.empty()) value["features"] = spec.features;
  return value;
}

Result<Shape> parse_shape(const Json& value, const std::string& path) {
  if (value.size() > kMaxRank) {
    return error(Code::kInvalidArgument, "{}: more than {} dimensions", path, kMaxRank);
  }
  Shape shape;
  for (const Json& dimension : value) {
    const bool too_large =
        dimension.is_number_unsigned() && dimension.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    if (!dimension.is_number_integer() || too_large || dimension.get<std::int64_t>() < kAnySize) {
      return error(Code::kInvalidArgument, "{}: a dimension is a size, or -1 for any", path);
    }
    shape.push_back(dimension.get<std::int64_t>());
  }
  return shape;
}

Result<std::vector<std::string>> parse_features(const Json& value, const std::string& path) {
  std::vector<std::string> features;
  std::set<std::string> seen;
  for (const Json& feature : value) {
    if (!feature.is_string() || feature.get<std::string>().empty()) {
      return error(Code::kInvalidArgument, "{}: a feature is a name", path);
    }
    features.push_back(feature.get<std::string>());
    if (!seen.insert(features.back()).second) {
      return error(Code::kInvalidArgument, "{}: feature '{}' twice", path, features.back());
    }
  }
  return features;
}

Result<TensorSpec> parse_spec(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  TensorSpec spec;
  MODELYARD_ASSIGN(spec.name, reader.string("name"));
  MODELYARD_ASSIGN(const std::string type, reader.string("datatype"));
  const auto known = parse_data_type(type);
  if (!known) return error(Code::kInvalidArgument, "{}.datatype: '{}' is not a datatype", path, type);
  spec.type = *known;
  MODELYARD_ASSIGN(const Json* shape, reader.array("shape"));
  MODELYARD_ASSIGN(spec.shape, parse_shape(*shape, path + ".shape"));
  MODELYARD_ASSIGN(const auto optional, reader.optional_boolean("optional"));
  spec.optional = optional.value_or(false);
  MODELYARD_ASSIGN(const Json* features, reader.optional_array("features"));
  if (features) {
    MODELYARD_ASSIGN(spec.features, parse_features(*features, path + ".features"));
    if (spec.shape.empty() || spec.shape.back() != static_cast<std::int64_t>(spec.features.size())) {
      return error(Code::kInvalidArgument, "{}.features: {} names for shape {}", path, spec.features.size(),
                   format_shape(spec.shape));
    }
  }
  MODELYARD_TRY(reader.finish());
  if (spec.name.empty()) return error(Code::kInvalidArgument, "{}.name: empty", path);
  return spec;
}

Result<std::vector<TensorSpec>> parse_specs(const Json& value, const std::string& path) {
  constexpr std::size_t kMostTensors = 4096;
  if (value.size() > kMostTensors) {
    return error(Code::kInvalidArgument, "{}: more than {} tensors", path, kMostTensors);
  }
  std::vector<TensorSpec> specs;
  for (std::size_t i = 0; i < value.size(); ++i) {
    MODELYARD_ASSIGN(TensorSpec spec, parse_spec(value[i], fmt::format("{}[{}]", path, i)));
    if (find_name(specs, spec.name)) {
      return error(Code::kInvalidArgument, "{}: '{}' twice", path, spec.name);
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

Status check_none_optional(std::span<const TensorSpec> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].optional) continue;
    return error(Code::kInvalidArgument, "signature.outputs[{}].optional: only inputs may be optional", i);
  }
  return ok();
}

bool begins_with_any_size(const TensorSpec& spec) {
  return !spec.shape.empty() && spec.shape.front() == kAnySize;
}

}  // namespace

std::optional<std::size_t> Signature::find_input(std::string_view name) const {
  return find_name(inputs, name);
}

std::optional<std::size_t> Signature::find_output(std::string_view name) const {
  return find_name(outputs, name);
}

Json to_json(const Signature& signature) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const TensorSpec& spec : signature.inputs) inputs.push_back(spec_to_json(spec));
  for (const TensorSpec& spec : signature.outputs) outputs.push_back(spec_to_json(spec));
  Json value{{"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}};
  if (signature.batched) value["batched"] = true;
  return value;
}

Result<Signature> parse_signature(const Json& value) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "signature"));
  Signature signature;
  MODELYARD_ASSIGN(const Json* inputs, reader.array("inputs"));
  MODELYARD_ASSIGN(signature.inputs, parse_specs(*inputs, "signature.inputs"));
  MODELYARD_ASSIGN(const Json* outputs, reader.array("outputs"));
  MODELYARD_ASSIGN(signature.outputs, parse_specs(*outputs, "signature.outputs"));
  MODELYARD_TRY(check_none_optional(signature.outputs));
  MODELYARD_ASSIGN(const auto batched, reader.optional_boolean("batched"));
  signature.batched = batched.value_or(false);
  MODELYARD_TRY(reader.finish());
  if (signature.batched && (!std::all_of(signature.inputs.begin(), signature.inputs.end(), begins_with_any_size) ||
                            !std::all_of(signature.outputs.begin(), signature.outputs.end(), begins_with_any_size))) {
    return error(Code::kInvalidArgument, "signature.batched: every input and output shape must begin with -1");
  }
  return signature;
}

namespace {

Status check_input(const TensorSpec& spec, const TensorView& input, std::string_view model) {
  if (input.type != spec.type) {
    return error(Code::kInvalidArgument, "inference input '{}' data-type is '{}', but model '{}' expects '{}'",
                 input.name, data_type_name(input.type), model, data_type_name(spec.type));
  }
  if (!shape_matches(spec.shape, input.shape)) {
    return error(Code::kInvalidArgument, "unexpected shape for input '{}' for model '{}'. Expected {}, got {}.",
                 input.name, model, format_shape(spec.shape), format_shape(input.shape));
  }
  return ok();
}

Status check_names(const Signature& signature, std::span<const TensorView> inputs, std::string_view model) {
  std::size_t given_required = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto position = signature.find_input(inputs[i].name);
    if (!position) {
      return error(Code::kInvalidArgument, "unexpected inference input '{}' for model '{}'", inputs[i].name, model);
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (inputs[j].name == inputs[i].name) {
        return error(Code::kInvalidArgument, "input '{}' already exists in request", inputs[i].name);
      }
    }
    if (!signature.inputs[*position].optional) ++given_required;
  }
  for (const TensorSpec& spec : signature.inputs) {
    if (given_required == signature.inputs.size() || spec.optional) continue;
    if (std::none_of(inputs.begin(), inputs.end(), [&](const TensorView& input) { return input.name == spec.name; })) {
      return error(Code::kInvalidArgument,
                   "expected {} inputs but got {} inputs for model '{}'. "
                   "Got input(s) without required '{}'.",
                   signature.inputs.size(), inputs.size(), model, spec.name);
    }
  }
  return ok();
}

}  // namespace

Status check_inputs(const Signature& signature, std::span<const TensorView> inputs, std::string_view model) {
  MODELYARD_TRY(check_names(signature, inputs, model));
  const std::int64_t rows = row_count(signature, inputs);
  for (const TensorView& input : inputs) {
    const TensorSpec& spec = signature.inputs[*signature.find_input(input.name)];
    MODELYARD_TRY(check_input(spec, input, model));
    if (signature.batched && input.shape.front() != rows) {
      return error(Code::kInvalidArgument,
                   "input '{}' batch size does not match other inputs for model '{}': {} and {} rows", input.name,
                   model, input.shape.front(), rows);
    }
    MODELYARD_TRY(check_tensor_bytes(input));
  }
  return ok();
}

std::int64_t row_count(const Signature& signature, std::span<const TensorView> inputs) {
  if (!signature.batched || inputs.empty() || inputs.front().shape.empty()) return 1;
  return inputs.front().shape.front();
}

}  // namespace modelyard::inference
