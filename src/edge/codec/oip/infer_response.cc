#include "edge/codec/oip/infer_response.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "edge/codec/json/json_tensor.h"
#include "edge/codec/json/json_writer.h"

namespace modelyard::edge::oip {
namespace {

using inference::DataType;
using inference::Tensor;

double element_as_double(DataType type, const std::byte* element) {
  const auto load = [&]<typename T>(T value) {
    std::memcpy(&value, element, sizeof value);
    return static_cast<double>(value);
  };
  switch (type) {
    case DataType::kBool:
    case DataType::kUint8: return load(std::uint8_t{});
    case DataType::kUint16: return load(std::uint16_t{});
    case DataType::kUint32: return load(std::uint32_t{});
    case DataType::kUint64: return load(std::uint64_t{});
    case DataType::kInt8: return load(std::int8_t{});
    case DataType::kInt16: return load(std::int16_t{});
    case DataType::kInt32: return load(std::int32_t{});
    case DataType::kInt64: return load(std::int64_t{});
    case DataType::kFp32: return load(float{});
    default: return load(double{});
  }
}

bool is_floating(DataType type) {
  return type == DataType::kFp32 || type == DataType::kFp64;
}

std::string class_text(DataType type, double value, std::size_t index, std::span<const std::string> labels) {
  std::string text = is_floating(type) ? fmt::format("{:.6f}:{}", value, index) : fmt::format("{}:{}", value, index);
  if (index < labels.size()) text += ":" + labels[index];
  return text;
}

Tensor bytes_tensor(std::string name, inference::Shape shape, std::span<const std::string> texts) {
  std::size_t size = 0;
  for (const std::string& text : texts) size += sizeof(std::uint32_t) + text.size();
  auto buffer = inference::Buffer::allocate(size);
  std::byte* at = buffer.bytes().data();
  for (const std::string& text : texts) {
    const auto length = static_cast<std::uint32_t>(text.size());
    std::memcpy(at, &length, sizeof length);
    std::memcpy(at + sizeof length, text.data(), text.size());
    at += sizeof length + text.size();
  }
  return {std::move(name), DataType::kBytes, std::move(shape), std::move(buffer)};
}

void append_shape(std::string& out, inference::ShapeView shape) {
  out += '[';
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, shape[i]);
  }
  out += ']';
}

Status append_output(const Tensor& output, const OutputWish* wish, bool binary, EncodedAnswer& answer) {
  std::string& out = answer.json;
  out += "{\"name\":";
  append_json(out, std::string_view(output.name));
  out.append(",\"datatype\":\"").append(inference::data_type_name(output.type)).append("\",\"shape\":");
  append_shape(out, output.shape);
  if (wish && wish->shared) {
    MODELYARD_TRY(check_fits(*wish->shared, output.name, output.buffer.bytes().size()));
    out += '}';  // without parameters: Triton's C++ client takes any for those of binary data
    return ok();
  }
  if (binary) {
    out += ",\"parameters\":{\"binary_data_size\":";
    append_json(out, static_cast<std::uint64_t>(output.buffer.bytes().size()));
    out += "}}";
    answer.blobs.push_back(output.buffer.bytes());
    return ok();
  }
  out += ",\"data\":";
  MODELYARD_TRY(append_json_data(out, output.view()));
  out += '}';
  return ok();
}

}  // namespace

Result<Tensor> classify(const Tensor& output, std::int64_t classes, std::span<const std::string> labels, bool batched) {
  const bool rows_known = batched && output.shape.size() > 1;
  const std::int64_t rows = rows_known ? output.shape.front() : 1;
  const std::size_t width = inference::element_bytes(output.type);
  const bool no_numbers = width == 0 || output.type == DataType::kFp16 || output.type == DataType::kBf16;
  if (no_numbers || output.buffer.bytes().empty()) {
    return error(Code::kInvalidArgument, "classification of output '{}' ({} {}) is not possible", output.name,
                 inference::data_type_name(output.type), inference::format_shape(output.shape));
  }
  const std::size_t per_row = output.buffer.bytes().size() / width / static_cast<std::size_t>(rows);
  const std::size_t count = std::min(per_row, static_cast<std::size_t>(classes));
  std::vector<std::string> texts;
  std::vector<std::size_t> order(per_row);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::byte* first = output.buffer.bytes().data() + static_cast<std::size_t>(row) * per_row * width;
    const auto value = [&](std::size_t i) { return element_as_double(output.type, first + i * width); };
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                      [&](std::size_t a, std::size_t b) { return value(a) != value(b) ? value(a) > value(b) : a < b; });
    for (std::size_t k = 0; k < count; ++k) texts.push_back(class_text(output.type, value(order[k]), order[k], labels));
  }
  inference::Shape shape;
  if (rows_known) shape.push_back(rows);
  shape.push_back(static_cast<std::int64_t>(count));
  return bytes_tensor(output.name, std::move(shape), texts);
}

Result<EncodedAnswer> encode_infer_response(inference::InferResponse& response, const OipInfer& asked,
                                            const inference::Signature& signature, std::string room) {
  EncodedAnswer answer{std::move(room), {}, {}};
  std::string& out = answer.json;
  out += "{\"model_name\":";
  append_json(out, asked.request.endpoint);
  out += ",\"model_version\":\"";
  append_json(out, response.version);
  out += '"';
  if (!asked.request.id.empty()) {
    out += ",\"id\":";
    append_json(out, asked.request.id);
  }
  out += ",\"outputs\":[";
  for (Tensor& output : response.outputs) {
    const OutputWish* wish = asked.wish_for(output.name);
    if (wish && wish->classes > 0) {
      const auto position = signature.find_output(output.name);
      MODELYARD_ASSIGN(output,
                       classify(output, wish->classes, signature.outputs[*position].features, signature.batched));
    }
    if (out.back() != '[') out += ',';
    const bool binary = wish && wish->binary ? *wish->binary : asked.binary_outputs;
    MODELYARD_TRY(append_output(output, wish, binary, answer));
  }
  out += "]}";
  if (!answer.blobs.empty()) answer.header_bytes = out.size();
  return answer;
}

}  // namespace modelyard::edge::oip
