#include "edge/codec/json/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/names.h"

namespace modelyard::edge {
namespace {

using inference::DataType;

template <typename Float>
void append_float(std::string& out, Float value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text - 2, value).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

template <typename Integer>
void append_integer(std::string& out, Integer value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// One loop for each datatype: a switch for each element would cost more than small numbers do.
template <typename T, typename As>
void append_all(std::string& out, std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    if (i > 0) out += ',';
    append_json(out, static_cast<As>(load<T>(bytes.data() + i)));
  }
}

Status append_texts(std::string& out, const inference::TensorView& tensor) {
  bool first = true, valid = true;
  inference::for_each_bytes_element(tensor.bytes, [&](std::string_view text) {
    if (!first) out += ',';
    first = false;
    valid = valid && is_valid_utf8(text);
    if (valid) append_json(out, text);
  });
  if (valid) return ok();
  return error(Code::kInvalidArgument, "output '{}' holds bytes that are not UTF-8; ask for binary data", tensor.name);
}

}  // namespace

void append_json(std::string& out, float value) {
  append_float(out, value);
}
void append_json(std::string& out, double value) {
  append_float(out, value);
}
void append_json(std::string& out, std::int64_t value) {
  append_integer(out, value);
}
void append_json(std::string& out, std::uint64_t value) {
  append_integer(out, value);
}
void append_json(std::string& out, bool value) {
  out += value ? "true" : "false";
}

void append_json(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json_element(std::string& out, DataType type, const std::byte* element) {
  switch (type) {
    case DataType::kBool: return append_json(out, load<std::uint8_t>(element) != 0);
    case DataType::kUint8: return append_json(out, std::uint64_t{load<std::uint8_t>(element)});
    case DataType::kUint16: return append_json(out, std::uint64_t{load<std::uint16_t>(element)});
    case DataType::kUint32: return append_json(out, std::uint64_t{load<std::uint32_t>(element)});
    case DataType::kUint64: return append_json(out, load<std::uint64_t>(element));
    case DataType::kInt8: return append_json(out, std::int64_t{load<std::int8_t>(element)});
    case DataType::kInt16: return append_json(out, std::int64_t{load<std::int16_t>(element)});
    case DataType::kInt32: return append_json(out, std::int64_t{load<std::int32_t>(element)});
    case DataType::kInt64: return append_json(out, load<std::int64_t>(element));
    case DataType::kFp32: return append_json(out, load<float>(element));
    case DataType::kFp64: return append_json(out, load<double>(element));
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kBytes: break;
  }
}

Status append_json_data(std::string& out, const inference::TensorView& tensor) {
  const auto bytes = tensor.bytes;
  out += '[';
  switch (tensor.type) {
    case DataType::kBool: append_all<std::uint8_t, bool>(out, bytes); break;
    case DataType::kUint8: append_all<std::uint8_t, std::uint64_t>(out, bytes); break;
    case DataType::kUint16: append_all<std::uint16_t, std::uint64_t>(out, bytes); break;
    case DataType::kUint32: append_all<std::uint32_t, std::uint64_t>(out, bytes); break;
    case DataType::kUint64: append_all<std::uint64_t, std::uint64_t>(out, bytes); break;
    case DataType::kInt8: append_all<std::int8_t, std::int64_t>(out, bytes); break;
    case DataType::kInt16: append_all<std::int16_t, std::int64_t>(out, bytes); break;
    case DataType::kInt32: append_all<std::int32_t, std::int64_t>(out, bytes); break;
    case DataType::kInt64: append_all<std::int64_t, std::int64_t>(out, bytes); break;
    case DataType::kFp32: append_all<float, float>(out, bytes); break;
    case DataType::kFp64: append_all<double, double>(out, bytes); break;
    case DataType::kBytes: MODELYARD_TRY(append_texts(out, tensor)); break;
    case DataType::kFp16:
    case DataType::kBf16:
      return error(Code::kInvalidArgument, "output '{}' is {}, which JSON does not carry; ask for binary data",
                   tensor.name, inference::data_type_name(tensor.type));
  }
  out += ']';
  return ok();
}

}  // namespace modelyard::edge
