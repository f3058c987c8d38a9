#include "app/cli/parquet/arrow_text.h"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "inference/element.h"

namespace modelyard::app {
namespace {

template <typename T>
T value_at(const ArrowArray& array, int buffer, std::int64_t row) {
  T value{};
  std::memcpy(&value, static_cast<const char*>(array.buffers[buffer]) + row * static_cast<std::int64_t>(sizeof value),
              sizeof value);
  return value;
}

bool bit_at(const void* bits, std::int64_t row) {
  return (static_cast<const unsigned char*>(bits)[row / 8] >> (row % 8) & 1) != 0;
}

bool is_null(const ArrowSchema& column, const ArrowArray& array, std::int64_t row) {
  if (*column.format == 'n') return true;
  return array.null_count != 0 && array.n_buffers > 0 && array.buffers[0] != nullptr && !bit_at(array.buffers[0], row);
}

template <typename Offset>
std::string_view text_at(const ArrowArray& array, std::int64_t row) {
  const auto begin = value_at<Offset>(array, 1, row), end = value_at<Offset>(array, 1, row + 1);
  if (begin == end) return {};
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
}

// A view is a length, and up to twelve bytes or their first four, a buffer and a place in it.
std::string_view viewed_at(const ArrowArray& array, std::int64_t row) {
  constexpr std::uint32_t kMostInPlace = 12;
  const char* const view = static_cast<const char*>(array.buffers[1]) + 16 * row;
  std::array<std::uint32_t, 4> parts{};
  std::memcpy(parts.data(), view, sizeof parts);
  const std::uint32_t length = parts[0], buffer = parts[2], place = parts[3];
  if (length <= kMostInPlace) return {view + sizeof length, length};
  return {static_cast<const char*>(array.buffers[2 + buffer]) + place, length};
}

void append_quoted(std::string_view value, std::string& text) {
  text += '"';
  for (const char c : value) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

void append_number(double value, std::string& text) {
  if (std::isnan(value)) {
    text += "NaN";
  } else {
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
}

// Units of a second that the format names: "tsu:UTC".
Status append_time(const ArrowSchema& column, std::int64_t value, std::string& text) {
  std::int64_t micros = value;
  const char unit = std::strlen(column.format) > 2 ? column.format[2] : ' ';
  bool is_known = unit == 'u';
  if (unit == 'n') is_known = true, micros = value / 1000 - (value % 1000 < 0 ? 1 : 0);
  if (unit == 'm') is_known = !__builtin_mul_overflow(value, std::int64_t{1000}, &micros);
  if (unit == 's') is_known = !__builtin_mul_overflow(value, std::int64_t{1'000'000}, &micros);
  constexpr std::int64_t kFirst = -62'167'219'200'000'000, kLast = 253'402'300'799'999'999;  // of the years 0 and 9999
  if (!is_known || micros < kFirst || micros > kLast) {
    return error(Code::kInvalidArgument, "a time that is not within the years 0 to 9999");
  }
  text += format_utc(utc_from_micros(micros));
  return ok();
}

std::optional<std::int64_t> signed_at(char format, const ArrowArray& array, std::int64_t row) {
  switch (format) {
    case 'c': return value_at<std::int8_t>(array, 1, row);
    case 's': return value_at<std::int16_t>(array, 1, row);
    case 'i': return value_at<std::int32_t>(array, 1, row);
    case 'l':
    case 't': return value_at<std::int64_t>(array, 1, row);
    case 'C': return value_at<std::uint8_t>(array, 1, row);
    case 'S': return value_at<std::uint16_t>(array, 1, row);
    case 'I': return value_at<std::uint32_t>(array, 1, row);
    default: return std::nullopt;
  }
}

double half_at(const ArrowArray& array, std::int64_t row) {
  const auto half = value_at<std::uint16_t>(array, 1, row);
  return inference::number_at(inference::DataType::kFp16, reinterpret_cast<const std::byte*>(&half));
}

Status append_value(const ArrowSchema& column, const ArrowArray& array, std::int64_t row, std::string& text) {
  const char format = *column.format;
  row += array.offset;
  if (is_null(column, array, row)) return ok();
  const auto integer = signed_at(format, array, row);
  if (column.dictionary != nullptr) {
    const std::int64_t place = integer ? *integer : static_cast<std::int64_t>(value_at<std::uint64_t>(array, 1, row));
    return append_value(*column.dictionary, *array.dictionary, place, text);
  }
  if (format == 't') return append_time(column, *integer, text);
  if (integer) return fmt::format_to(std::back_inserter(text), "{}", *integer), ok();
  switch (format) {
    case 'b': text += bit_at(array.buffers[1], row) ? "true" : "false"; return ok();
    case 'L': fmt::format_to(std::back_inserter(text), "{}", value_at<std::uint64_t>(array, 1, row)); return ok();
    case 'e': append_number(half_at(array, row), text); return ok();
    case 'f': append_number(static_cast<double>(value_at<float>(array, 1, row)), text); return ok();
    case 'g': append_number(value_at<double>(array, 1, row), text); return ok();
    case 'u': append_quoted(text_at<std::int32_t>(array, row), text); return ok();
    case 'v': append_quoted(viewed_at(array, row), text); return ok();
    case 'U': append_quoted(text_at<std::int64_t>(array, row), text); return ok();
    default: return error(Code::kInternal, "no text for the format '{}'", column.format);
  }
}

bool has_text(std::string_view format) {
  if (format.starts_with("ts")) return format.size() > 4;  // with a zone
  if (format == "vu") return true;
  return format.size() == 1 && std::string_view("ncsilCSILbefguU").find(format.front()) != std::string_view::npos;
}

}  // namespace

Result<ArrowText> ArrowText::make(const ArrowSchema& columns) {
  if (std::string_view(columns.format) != "+s" || columns.n_children == 0) {
    return error(Code::kInvalidArgument, "there are no columns");
  }
  for (std::int64_t i = 0; i < columns.n_children; ++i) {
    const ArrowSchema& column = *columns.children[i];
    const ArrowSchema* const values = column.dictionary;
    if (!has_text(column.format) ||
        (values != nullptr && (values->dictionary != nullptr || !has_text(values->format)))) {
      return error(Code::kInvalidArgument, "column '{}' has a type that no text stands for", column.name);
    }
  }
  return ArrowText(columns);
}

std::string ArrowText::head() const {
  std::string text;
  for (std::int64_t i = 0; i < columns_->n_children; ++i) {
    if (i > 0) text += ',';
    append_quoted(columns_->children[i]->name, text);
  }
  text += '\n';
  return text;
}

Status ArrowText::append_row(const ArrowArray& batch, std::int64_t row, std::string& text) const {
  const std::size_t begin = text.size();
  for (std::int64_t i = 0; i < columns_->n_children; ++i) {
    if (i > 0) text += ',';
    const ArrowSchema& column = *columns_->children[i];
    const Status written = append_value(column, *batch.children[i], row + batch.offset, text);
    if (!written) return written.error().with_context("row {}, column '{}'", rows_ + 1, column.name);
  }
  if (text.size() - begin > kMostLine) {
    return error(Code::kInvalidArgument, "row {}: longer than {} bytes as text", rows_ + 1, kMostLine);
  }
  // An empty line would be none.
  if (text.size() == begin) text += "\"\"";
  text += '\n';
  return ok();
}

Status ArrowText::append(const ArrowArray& batch, std::string& text) {
  for (std::int64_t row = 0; row < batch.length; ++row, ++rows_) MODELYARD_TRY(append_row(batch, row, text));
  return ok();
}

}  // namespace modelyard::app
