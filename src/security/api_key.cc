#include "security/api_key.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/check.h"

namespace modelyard::security {
namespace {

constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdDigits = 2 * kIdBytes;
constexpr std::size_t kSecretDigits = 43;  // base64 of 32 bytes without its padding
constexpr std::size_t kKeyLength = kApiKeyPrefix.size() + kIdDigits + 1 + kSecretDigits;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_base64url(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.resize(kSecretDigits);
  return text;
}

}  // namespace

ApiKey make_api_key() {
  std::array<char, kIdBytes + kSecretBytes> bytes;
  MODELYARD_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
                  "the kernel gives up to 256 bytes at once");
  ApiKey key;
  for (std::size_t i = 0; i < kIdBytes; ++i) key.id += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  key.text = fmt::format("{}{}_{}", kApiKeyPrefix, key.id, base64url({bytes.data() + kIdBytes, kSecretBytes}));
  key.hash = sha256(key.text);
  return key;
}

Result<std::string_view> parse_api_key(std::string_view text) {
  const auto bad = [] {
    return error(Code::kInvalidArgument, "this is no API key: keys begin with {}", kApiKeyPrefix);
  };
  if (text.size() != kKeyLength || !text.starts_with(kApiKeyPrefix)) return bad();
  const std::string_view id = text.substr(kApiKeyPrefix.size(), kIdDigits);
  const std::string_view secret = text.substr(kApiKeyPrefix.size() + kIdDigits + 1);
  if (!std::all_of(id.begin(), id.end(), is_hex) || text[kApiKeyPrefix.size() + kIdDigits] != '_') return bad();
  if (!std::all_of(secret.begin(), secret.end(), is_base64url)) return bad();
  return id;
}

bool is_key(std::string_view text, const Digest& hash) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> shown;  // without a heap context: this is on the request path
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), shown.data());
  return CRYPTO_memcmp(shown.data(), hash.bytes().data(), shown.size()) == 0;
}

}  // namespace modelyard::security
