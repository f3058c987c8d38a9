#include "edge/codec/json/json_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace modelyard::edge {
namespace {

using inference::DataType;

constexpr std::size_t kAlignment = 64;

// Of a number that the scanner has checked. What is too large becomes infinite, what is too small zero, as fast_float
// has it.
template <typename Float>
Float parse_float(std::string_view token) {
  if (token == "NaN") return std::numeric_limits<Float>::quiet_NaN();
  if (token == "Infinity") return std::numeric_limits<Float>::infinity();
  if (token == "-Infinity") return -std::numeric_limits<Float>::infinity();
  Float value = 0;
  fast_float::from_chars(token.data(), token.data() + token.size(), value);
  return value;
}

}  // namespace

template <typename T>
Status ElementReader::read_integer(JsonScanner& json) {
  MODELYARD_ASSIGN(const std::string_view token, json.number());
  T value = 0;
  const char* end = token.data() + token.size();
  const auto [stop, failure] = std::from_chars(token.data(), end, value);
  if (failure == std::errc::result_out_of_range) {
    return json.wrong(fmt::format("{} is out of range for {}", token, inference::data_type_name(type_)));
  }
  if (failure != std::errc{} || stop != end) {
    return json.wrong(fmt::format("{} is not a value of {}", token, inference::data_type_name(type_)));
  }
  put(value);
  return ok();
}

template <typename T>
Status ElementReader::read_float(JsonScanner& json) {
  MODELYARD_ASSIGN(const std::string_view token, json.number());
  put(parse_float<T>(token));
  return ok();
}

Status ElementReader::read_text(JsonScanner& json) {
  MODELYARD_ASSIGN(const std::string_view text, json.string(scratch_));
  add_bytes(text);
  return ok();
}

void ElementReader::add_bytes(std::string_view element) {
  const auto length = static_cast<std::uint32_t>(element.size());
  append(&length, sizeof length);
  append(element.data(), element.size());
  ++count_;
}

void ElementReader::reserve(std::size_t bytes) {
  if (bytes <= room_.size()) return;
  const std::span<std::byte> larger{static_cast<std::byte*>(memory_->allocate(bytes, kAlignment)), bytes};
  if (size_ > 0) std::memcpy(larger.data(), room_.data(), size_);
  room_ = larger;
}

Status ElementReader::read(JsonScanner& json) {
  switch (type_) {
    case DataType::kBool: {
      MODELYARD_ASSIGN(const bool value, json.boolean());
      put(static_cast<std::uint8_t>(value));
      return ok();
    }
    case DataType::kUint8: return read_integer<std::uint8_t>(json);
    case DataType::kUint16: return read_integer<std::uint16_t>(json);
    case DataType::kUint32: return read_integer<std::uint32_t>(json);
    case DataType::kUint64: return read_integer<std::uint64_t>(json);
    case DataType::kInt8: return read_integer<std::int8_t>(json);
    case DataType::kInt16: return read_integer<std::int16_t>(json);
    case DataType::kInt32: return read_integer<std::int32_t>(json);
    case DataType::kInt64: return read_integer<std::int64_t>(json);
    case DataType::kFp32: return read_float<float>(json);
    case DataType::kFp64: return read_float<double>(json);
    case DataType::kBytes: return read_text(json);
    case DataType::kFp16:
    case DataType::kBf16: break;
  }
  return error(Code::kInvalidArgument, "JSON does not carry {}; send binary data", inference::data_type_name(type_));
}

std::size_t ElementReader::read_some(JsonScanner& json, std::size_t most) {
  if (type_ == DataType::kFp32) return json.take_floats<float>(most, [this](float value) { put(value); });
  if (type_ == DataType::kFp64) return json.take_floats<double>(most, [this](double value) { put(value); });
  return 0;
}

Status ElementReader::read_rest(JsonScanner& json) {
  for (;;) {
    read_some(json, std::numeric_limits<std::size_t>::max());
    MODELYARD_ASSIGN(const bool more, json.next_element());
    if (!more) return ok();
    MODELYARD_TRY(read(json));
  }
}

namespace {

// Reads arrays nested as the shape says; the first bracket has been read, and its first element is an array.
Status read_nested(JsonScanner& json, inference::ShapeView shape, ElementReader& elements) {
  const std::size_t rank = shape.size();
  std::array<std::int64_t, inference::kMaxRank> seen{};
  std::size_t level = 0;  // of the array that is open
  bool first = true;      // its first element is known to be there
  for (;;) {
    bool more = true;
    if (!first) {
      MODELYARD_ASSIGN(more, json.next_element());
    }
    first = false;
    if (!more) {
      if (seen[level] != shape[level]) return json.wrong("Shape does not match true shape of 'data' field");
      if (level == 0) return ok();
      --level;
      continue;
    }
    if (++seen[level] > shape[level]) return json.wrong("Shape does not match true shape of 'data' field");
    if (level + 1 == rank) {
      MODELYARD_TRY(elements.read(json));
      seen[level] +=
          static_cast<std::int64_t>(elements.read_some(json, static_cast<std::size_t>(shape[level] - seen[level])));
      continue;
    }
    MODELYARD_TRY(json.begin_array());
    seen[++level] = 0;
  }
}

}  // namespace

Result<std::span<const std::byte>> read_json_data(JsonScanner& json, DataType type, inference::ShapeView shape,
                                                  std::pmr::memory_resource* memory) {
  if (type == DataType::kFp16 || type == DataType::kBf16) {
    return error(Code::kInvalidArgument, "JSON does not carry {}; send binary data", inference::data_type_name(type));
  }
  MODELYARD_ASSIGN(const std::int64_t count, inference::element_count(shape));
  ElementReader elements(type, memory);
  // Room for what stands before the first bracket that closes: all, when it is flat. An element takes two characters at
  // least, its separator included.
  const std::size_t text = std::min(json.rest().find(']'), json.rest().size());
  const std::size_t most = std::min(static_cast<std::size_t>(count), text / 2 + 1);
  elements.reserve(most * std::max<std::size_t>(inference::element_bytes(type), sizeof(std::uint32_t)));
  MODELYARD_TRY(json.begin_array());
  MODELYARD_ASSIGN(const bool any, json.next_element());
  if (any && json.peek() == JsonKind::kArray) {
    if (shape.empty()) return json.wrong("Shape does not match true shape of 'data' field");
    MODELYARD_TRY(read_nested(json, shape, elements));
  } else if (any) {
    MODELYARD_TRY(elements.read(json));
    MODELYARD_TRY(elements.read_rest(json));
  }
  if (elements.count() != count) {
    return json.wrong(fmt::format("Shape does not match true shape of 'data' field: {} needs {} values, got {}",
                                  inference::format_shape(shape), count, elements.count()));
  }
  return elements.bytes();
}

}  // namespace modelyard::edge
