#include "edge/codec/json/json_scanner.h"

#include <algorithm>
#include <charconv>

#include "base/names.h"

namespace modelyard::edge {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::uint32_t code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 63));
    text += static_cast<char>(0x80 | (code & 63));
  } else {
    text += static_cast<char>(0xF0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 63));
    text += static_cast<char>(0x80 | (code >> 6 & 63));
    text += static_cast<char>(0x80 | (code & 63));
  }
}

}  // namespace

Error JsonScanner::wrong(std::string_view problem) const {
  return error(Code::kInvalidArgument, "failed to parse the request JSON buffer: {} at {}", problem, offset());
}

bool JsonScanner::is_plain_number(const char* first, const char* last) {
  if (*first == '-') ++first;
  if (!is_digit(*first) || (*first == '0' && last - first > 1 && is_digit(first[1]))) return false;
  const char* const point = std::find(first, last, '.');
  return point == last || (last - point > 1 && is_digit(point[1]));
}

JsonKind JsonScanner::peek() {
  skip_space();
  if (at_ == end_) return JsonKind::kEnd;
  switch (*at_) {
    case '{': return JsonKind::kObject;
    case '[': return JsonKind::kArray;
    case '"': return JsonKind::kString;
    case 't':
    case 'f': return JsonKind::kBool;
    case 'n': return JsonKind::kNull;
    case 'N':
    case 'I':
    case '-': return JsonKind::kNumber;
    default: return is_digit(*at_) ? JsonKind::kNumber : JsonKind::kEnd;
  }
}

Status JsonScanner::open(char bracket, std::string_view expected) {
  if (!take(bracket)) return wrong(expected);
  if (depth_ == kMaxDepth) return wrong("nested too deeply");
  first_[depth_++] = true;
  return ok();
}

Status JsonScanner::begin_object() {
  return open('{', "expected an object");
}
Status JsonScanner::begin_array() {
  return open('[', "expected an array");
}

// Consumes the comma before another member, or the closing bracket.
Result<bool> JsonScanner::another(char closing) {
  if (take(closing)) {
    --depth_;
    return false;
  }
  bool& first = first_[depth_ - 1];
  if (!first && !take(',')) return wrong("missing a comma or a closing bracket");
  first = false;
  return true;
}

Result<bool> JsonScanner::next_element() {
  MODELYARD_ASSIGN(const bool more, another(']'));
  if (more && peek() == JsonKind::kEnd) return wrong("expected a value");
  return more;
}

Result<std::optional<std::string_view>> JsonScanner::next_key(std::string& scratch) {
  MODELYARD_ASSIGN(const bool more, another('}'));
  if (!more) return std::optional<std::string_view>();
  MODELYARD_ASSIGN(const std::string_view key, string(scratch));
  if (!take(':')) return wrong("missing a colon after a name");
  return std::optional<std::string_view>(key);
}

Result<std::string_view> JsonScanner::string(std::string& scratch) {
  if (!take('"')) return wrong("expected a string");
  const char* first = at_;
  while (at_ < end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
  if (at_ == end_) return wrong("missing a closing quotation mark");
  if (*at_ == '\\') return string_with_escapes(first, scratch);
  if (*at_ != '"') return wrong("control character in a string");
  const std::string_view text(first, static_cast<std::size_t>(at_ - first));
  ++at_;
  if (!is_valid_utf8(text)) return wrong("invalid UTF-8 in a string");
  return text;
}

Result<std::string_view> JsonScanner::string_with_escapes(const char* first, std::string& scratch) {
  scratch.assign(first, at_);
  while (at_ < end_ && *at_ != '"') {
    if (static_cast<unsigned char>(*at_) < 0x20) return wrong("control character in a string");
    if (*at_ == '\\') {
      ++at_;
      MODELYARD_TRY(escape(scratch));
    } else {
      scratch += *at_++;
    }
  }
  if (at_ == end_) return wrong("missing a closing quotation mark");
  ++at_;
  if (!is_valid_utf8(scratch)) return wrong("invalid UTF-8 in a string");
  return std::string_view(scratch);
}

Result<std::uint32_t> JsonScanner::hex4() {
  std::uint32_t code = 0;
  if (end_ - at_ < 4) return wrong("broken \\u escape");
  const auto [stop, failure] = std::from_chars(at_, at_ + 4, code, 16);
  if (failure != std::errc{} || stop != at_ + 4) return wrong("broken \\u escape");
  at_ += 4;
  return code;
}

Status JsonScanner::escape(std::string& scratch) {
  if (at_ == end_) return wrong("missing a closing quotation mark");
  const char kind = *at_++;
  switch (kind) {
    case '"':
    case '\\':
    case '/': scratch += kind; return ok();
    case 'b': scratch += '\b'; return ok();
    case 'f': scratch += '\f'; return ok();
    case 'n': scratch += '\n'; return ok();
    case 'r': scratch += '\r'; return ok();
    case 't': scratch += '\t'; return ok();
    case 'u': break;
    default: return wrong("unknown escape");
  }
  MODELYARD_ASSIGN(std::uint32_t code, hex4());
  if (code >= 0xD800 && code < 0xDC00) {
    if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return wrong("half of a surrogate pair");
    at_ += 2;
    MODELYARD_ASSIGN(const std::uint32_t low, hex4());
    if (low < 0xDC00 || low > 0xDFFF) return wrong("half of a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code < 0xE000) {
    return wrong("half of a surrogate pair");
  }
  append_utf8(code, scratch);
  return ok();
}

bool JsonScanner::take_word(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

Result<bool> JsonScanner::boolean() {
  skip_space();
  if (take_word("true")) return true;
  if (take_word("false")) return false;
  return wrong("expected true or false");
}

Result<std::string_view> JsonScanner::number() {
  skip_space();
  const char* first = at_;
  const auto token = [&] { return std::string_view(first, static_cast<std::size_t>(at_ - first)); };
  if (take_word("NaN")) return token();
  if (at_ < end_ && *at_ == '-') ++at_;
  if (take_word("Infinity")) return token();
  const auto digits = [&] {
    const char* before = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ != before;
  };
  const char* integer = at_;
  if (!digits()) return wrong("expected a number");
  if (*integer == '0' && at_ - integer > 1) return wrong("a number with a leading zero");
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return wrong("a number without digits after its point");
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return wrong("a number without digits in its exponent");
  }
  return token();
}

Result<std::int64_t> JsonScanner::integer() {
  MODELYARD_ASSIGN(const std::string_view token, number());
  std::int64_t value = 0;
  const auto [stop, failure] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (failure != std::errc{} || stop != token.data() + token.size()) return wrong("expected an integer");
  return value;
}

Status JsonScanner::skip_scalar() {
  std::string scratch;
  switch (peek()) {
    case JsonKind::kString: MODELYARD_TRY(string(scratch)); return ok();
    case JsonKind::kNumber: MODELYARD_TRY(number()); return ok();
    case JsonKind::kBool: MODELYARD_TRY(boolean()); return ok();
    case JsonKind::kNull: return take_word("null") ? ok() : Status(wrong("expected a value"));
    default: return wrong("expected a value");
  }
}

Status JsonScanner::skip_value() {
  const int outside = depth_;
  std::array<bool, kMaxDepth> is_object{};
  std::string scratch;
  do {
    if (depth_ > outside) {
      bool more = false;
      if (is_object[depth_ - 1]) {
        MODELYARD_ASSIGN(const auto key, next_key(scratch));
        more = key.has_value();
      } else {
        MODELYARD_ASSIGN(more, next_element());
      }
      if (!more) continue;
    }
    const JsonKind kind = peek();
    if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      MODELYARD_TRY(kind == JsonKind::kObject ? begin_object() : begin_array());
      is_object[depth_ - 1] = kind == JsonKind::kObject;
    } else {
      MODELYARD_TRY(skip_scalar());
    }
  } while (depth_ > outside);
  return ok();
}

Status JsonScanner::finish() {
  skip_space();
  return at_ == end_ ? ok() : Status(wrong("text after the document"));
}

}  // namespace modelyard::edge
