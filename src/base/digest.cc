#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace modelyard {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

Result<Digest> Digest::parse(std::string_view hex) {
  const auto bad = [&] {
    return modelyard::error(Code::kInvalidArgument, "'{}' is not a SHA-256 digest: expected 64 lower-case hex digits",
                            hex.substr(0, 80));
  };
  if (hex.size() != 2 * kBytes) return bad();
  std::array<std::uint8_t, kBytes> bytes;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return bad();
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Digest(bytes);
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kBytes);
  for (const std::uint8_t byte : bytes_) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    MODELYARD_CHECK(evp && EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1, "OpenSSL always has SHA-256");
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::begin_again() {
  MODELYARD_CHECK(EVP_DigestInit_ex(context_->evp, nullptr, nullptr) == 1, "a used context begins again");
}

void Sha256::update(std::span<const std::byte> bytes) {
  MODELYARD_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1, "hashing memory cannot fail");
}

Digest Sha256::finish() {
  std::array<std::uint8_t, Digest::kBytes> bytes;
  MODELYARD_CHECK(EVP_DigestFinal_ex(context_->evp, bytes.data(), nullptr) == 1, "finish() is called once");
  return Digest(bytes);
}

Digest sha256(std::string_view text) {
  return sha256({text});
}

Digest sha256(std::initializer_list<std::string_view> parts) {
  // Asked for each request that shows a key: making a context takes longer than hashing so little.
  thread_local Sha256 hash;
  hash.begin_again();
  for (const std::string_view part : parts) hash.update(part);
  return hash.finish();
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
  std::array<std::uint8_t, Digest::kBytes> mac;
  unsigned bytes = 0;
  const auto* const made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &bytes);
  MODELYARD_CHECK(made != nullptr && bytes == mac.size(), "OpenSSL always has SHA-256");
  return Digest(mac);
}

}  // namespace modelyard
