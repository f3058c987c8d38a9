#include "app/server/outbound/outbound.h"

#include <algorithm>

#include "base/digest.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostUrlBytes = 2048, kMostSecretBytes = 4096;

}  // namespace

bool is_graphic(char c) {
  return c > ' ' && c < '\x7f';
}

Status check_url(const std::string& path, std::string_view url, const std::array<std::string_view, 2>& schemes) {
  const auto scheme = std::ranges::find_if(schemes, [&](std::string_view one) { return url.starts_with(one); });
  if (scheme == schemes.end() || url.size() > kMostUrlBytes || !std::ranges::all_of(url, is_graphic)) {
    return error(Code::kInvalidArgument, "{}: expected {}HOST or {}HOST, at most {} bytes, without spaces", path,
                 schemes[0], schemes[1], kMostUrlBytes);
  }
  const std::string_view host = url.substr(scheme->size()).substr(0, url.substr(scheme->size()).find_first_of("/?#"));
  if (host.empty() || host.starts_with(':')) return error(Code::kInvalidArgument, "{}: there is no host", path);
  if (host.find('@') == std::string_view::npos) return ok();
  return error(Code::kInvalidArgument, "{}: a user or password does not belong into a URL", path);
}

Result<std::string> read_secret(const std::string& path) {
  MODELYARD_ASSIGN(std::string text, read_file(path, kMostSecretBytes));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (!text.empty()) return text;
  return error(Code::kInvalidArgument, "'{}' should hold a secret, and is empty", path);
}

std::string signature_line(const std::string& secret, std::string_view body, UtcTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string digest = hmac_sha256(secret, fmt::format("{}.{}", seconds, body)).hex();
  return fmt::format("Modelyard-Signature: t={},v1={}", seconds, digest);
}

std::string answered(long status, std::string_view body) {
  std::string text = fmt::format("answered {}{}{}", status, body.empty() ? "" : ": ", body);
  std::ranges::replace_if(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return text;
}

}  // namespace modelyard::app
