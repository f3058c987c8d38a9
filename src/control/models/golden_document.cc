#include "control/models/golden_document.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace modelyard::control {
namespace {

using inference::DataType;

// Nested lists become one flat list, without recursion on the input.
std::vector<const Json*> flatten(const Json& data) {
  std::vector<const Json*> flat, stack{&data};
  while (!stack.empty()) {
    const Json* top = stack.back();
    stack.pop_back();
    if (!top->is_array()) {
      flat.push_back(top);
      continue;
    }
    for (auto it = top->rbegin(); it != top->rend(); ++it) stack.push_back(&*it);
  }
  return flat;
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

std::uint16_t to_half(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::abs(value);
  if (std::isnan(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
  const auto fraction = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  // A fraction that rounds up to 2048 carries into the exponent by the same addition.
  const int biased = magnitude < 0x1p-14 ? fraction : ((exponent + 15) << 10) + (fraction - 1024);
  return static_cast<std::uint16_t>(sign | biased);
}

template <typename T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::optional<double> as_number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

bool append_float(const Json& value, DataType type, std::string& bytes) {
  const auto number = as_number(value);
  if (!number) return false;
  switch (type) {
    case DataType::kFp16: append(bytes, to_half(*number)); break;
    case DataType::kBf16: append(bytes, to_bf16(static_cast<float>(*number))); break;
    case DataType::kFp32: append(bytes, static_cast<float>(*number)); break;
    default: append(bytes, *number); break;
  }
  return true;
}

template <typename T>
bool append_integer(const Json& value, std::string& bytes) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) return false;
    append(bytes, static_cast<T>(number));
    return true;
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  if (std::is_unsigned_v<T> || number < static_cast<std::int64_t>(std::numeric_limits<T>::min())) return false;
  append(bytes, static_cast<T>(number));
  return true;
}

bool append_element(const Json& value, DataType type, std::string& bytes) {
  switch (type) {
    case DataType::kBool:
      if (!value.is_boolean()) return false;
      append(bytes, static_cast<std::uint8_t>(value.get<bool>()));
      return true;
    case DataType::kUint8: return append_integer<std::uint8_t>(value, bytes);
    case DataType::kUint16: return append_integer<std::uint16_t>(value, bytes);
    case DataType::kUint32: return append_integer<std::uint32_t>(value, bytes);
    case DataType::kUint64: return append_integer<std::uint64_t>(value, bytes);
    case DataType::kInt8: return append_integer<std::int8_t>(value, bytes);
    case DataType::kInt16: return append_integer<std::int16_t>(value, bytes);
    case DataType::kInt32: return append_integer<std::int32_t>(value, bytes);
    case DataType::kInt64: return append_integer<std::int64_t>(value, bytes);
    case DataType::kBytes: {
      if (!value.is_string()) return false;
      const auto& text = value.get_ref<const std::string&>();
      append(bytes, static_cast<std::uint32_t>(text.size()));
      bytes += text;
      return true;
    }
    default: return append_float(value, type, bytes);
  }
}

Result<inference::Tensor> parse_tensor(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  inference::Tensor tensor;
  MODELYARD_ASSIGN(tensor.name, reader.string("name"));
  MODELYARD_ASSIGN(const std::string type, reader.string("datatype"));
  const auto known = inference::parse_data_type(type);
  if (!known) return error(Code::kInvalidArgument, "{}.datatype: '{}' is not a datatype", path, type);
  tensor.type = *known;
  MODELYARD_ASSIGN(const Json* shape, reader.array("shape"));
  for (const Json& dimension : *shape) {
    if (!dimension.is_number_integer()) return error(Code::kInvalidArgument, "{}.shape: expected integers", path);
    tensor.shape.push_back(dimension.get<std::int64_t>());
  }
  MODELYARD_ASSIGN(const std::int64_t count, inference::element_count(tensor.shape));
  MODELYARD_ASSIGN(const Json* data, reader.array("data"));
  MODELYARD_TRY(reader.finish());
  const auto elements = flatten(*data);
  if (static_cast<std::int64_t>(elements.size()) != count) {
    return error(Code::kInvalidArgument, "{}.data: {} values for shape {}", path, elements.size(),
                 inference::format_shape(tensor.shape));
  }
  std::string bytes;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (append_element(*elements[i], tensor.type, bytes)) continue;
    return error(Code::kInvalidArgument, "{}.data: element {} is not a value of {}", path, i, type);
  }
  tensor.buffer = inference::Buffer::allocate(bytes.size());
  std::memcpy(tensor.buffer.bytes().data(), bytes.data(), bytes.size());
  return tensor;
}

Status parse_tensors(const Json& list, const std::string& path, std::vector<inference::Tensor>& tensors) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    MODELYARD_ASSIGN(inference::Tensor tensor, parse_tensor(list[i], fmt::format("{}[{}]", path, i)));
    tensors.push_back(std::move(tensor));
  }
  return ok();
}

Result<lifecycle::Tolerance> parse_tolerance(const Json& value, lifecycle::Tolerance otherwise) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "golden.tolerance"));
  MODELYARD_ASSIGN(const auto relative, reader.optional_number("relative"));
  MODELYARD_ASSIGN(const auto absolute, reader.optional_number("absolute"));
  return lifecycle::Tolerance{relative.value_or(otherwise.relative), absolute.value_or(otherwise.absolute)};
}

}  // namespace

Result<lifecycle::Golden> parse_golden(const Json& document) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, "golden"));
  lifecycle::Golden golden;
  golden.tolerance = kUsualTolerance;
  MODELYARD_ASSIGN(const Json* samples, reader.array("samples"));
  for (std::size_t i = 0; i < samples->size(); ++i) {
    const std::string path = fmt::format("golden.samples[{}]", i);
    MODELYARD_ASSIGN(auto sample, ObjectReader::open((*samples)[i], path));
    MODELYARD_ASSIGN(const Json* inputs, sample.array("inputs"));
    MODELYARD_ASSIGN(const Json* outputs, sample.array("outputs"));
    lifecycle::GoldenSample parsed;
    MODELYARD_TRY(parse_tensors(*inputs, path + ".inputs", parsed.inputs));
    MODELYARD_TRY(parse_tensors(*outputs, path + ".outputs", parsed.outputs));
    golden.samples.push_back(std::move(parsed));
  }
  MODELYARD_ASSIGN(const Json* tolerance, reader.optional_object("tolerance"));
  if (!tolerance) return golden;
  MODELYARD_ASSIGN(golden.tolerance, parse_tolerance(*tolerance, kUsualTolerance));
  if (!tolerance->contains("outputs")) return golden;
  for (const auto& [name, own] : (*tolerance)["outputs"].items()) {
    MODELYARD_ASSIGN(golden.by_output[name], parse_tolerance(own, golden.tolerance));
  }
  return golden;
}

}  // namespace modelyard::control
