#include "edge/http/target.h"

#include <algorithm>

namespace modelyard::edge {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

enum class Plus { kIsPlus, kIsSpace };

Status decode(std::string_view text, Plus plus, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' && plus == Plus::kIsSpace ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return error(Code::kInvalidArgument, "broken escape in the request target");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (decoded.find('\0') == std::string::npos) return ok();
  return error(Code::kInvalidArgument, "NUL in the request target");
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  }
  return false;
}

}  // namespace

Result<TargetParts> split_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return error(Code::kInvalidArgument, "malformed request target");
  const auto question = target.find('?');
  if (question == std::string_view::npos) return TargetParts{target, {}};
  return TargetParts{target.substr(0, question), target.substr(question + 1)};
}

Result<std::string_view> decode_path(std::string_view path, std::string& decoded) {
  if (has_dot_segment(path)) return error(Code::kInvalidArgument, "'.' and '..' in the request target");
  if (path.find('%') == std::string_view::npos) return path;
  MODELYARD_TRY(decode(path, Plus::kIsPlus, decoded));
  if (std::count(decoded.begin(), decoded.end(), '/') != std::count(path.begin(), path.end(), '/')) {
    return error(Code::kInvalidArgument, "encoded slash in the request target");
  }
  if (has_dot_segment(decoded)) return error(Code::kInvalidArgument, "'.' and '..' in the request target");
  return std::string_view(decoded);
}

Result<QueryFields> parse_query(std::string_view query) {
  constexpr std::size_t kMostFields = 64;
  QueryFields fields;
  while (!query.empty()) {
    const auto ampersand = query.find('&');
    const std::string_view field = query.substr(0, ampersand);
    query = ampersand == std::string_view::npos ? "" : query.substr(ampersand + 1);
    if (field.empty()) continue;
    if (fields.size() == kMostFields) return error(Code::kInvalidArgument, "more than {} query fields", kMostFields);
    const auto equals = field.find('=');
    std::string name, value;
    MODELYARD_TRY(decode(field.substr(0, equals), Plus::kIsSpace, name));
    if (equals != std::string_view::npos) MODELYARD_TRY(decode(field.substr(equals + 1), Plus::kIsSpace, value));
    for (const auto& [known, unused] : fields) {
      if (known == name) return error(Code::kInvalidArgument, "query field '{}' twice", name);
    }
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

}  // namespace modelyard::edge
