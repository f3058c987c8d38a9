#include "base/names.h"

#include <algorithm>
#include <charconv>

namespace modelyard {
namespace {

constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestTagKey = 250;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && is_alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

Status check_model_name(std::string_view name) {
  if (is_name(name)) return ok();
  return error(Code::kInvalidArgument,
               "'{}' is not a model name: use 1 to {} of letters, digits, '.', '_' and '-', "
               "beginning with a letter or digit",
               name.substr(0, kLongestName), kLongestName);
}

Status check_alias_name(std::string_view name) {
  const bool number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_name(name) && !number) return ok();
  return error(Code::kInvalidArgument,
               "'{}' is not an alias: use 1 to {} of letters, digits, '.', '_' and '-', beginning "
               "with a letter or digit, and not a number",
               name.substr(0, kLongestName), kLongestName);
}

Status check_tag_key(std::string_view key) {
  const bool printable = std::all_of(
      key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '='; });
  if (!key.empty() && key.size() <= kLongestTagKey && printable && is_valid_utf8(key)) return ok();
  return error(Code::kInvalidArgument, "a tag key is 1 to {} bytes of printable text without '='", kLongestTagKey);
}

Result<VersionNumber> parse_version_number(std::string_view text) {
  VersionNumber number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < 1) {
    return error(Code::kInvalidArgument, "'{}' is not a version number: expected 1, 2, 3…", text.substr(0, 40));
  }
  return number;
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t j = 1; j < length; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if (lead == 0xE0 && second < 0xA0) return false;  // overlong
      if (lead == 0xED && second > 0x9F) return false;  // surrogates
      if (lead == 0xF0 && second < 0x90) return false;  // overlong
      if (lead == 0xF4 && second > 0x8F) return false;  // beyond U+10FFFF
    }
    i += length;
  }
  return true;
}

}  // namespace modelyard
