// SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), thin wrappers of OpenSSL. A Digest names a content for ever; its
// text form is 64 lower-case hexadecimal digits.
//
// Threads: a Sha256 belongs to one thread at a time; Digest is a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard {

class Digest {
 public:
  static constexpr std::size_t kBytes = 32;

  Digest() = default;
  explicit Digest(const std::array<std::uint8_t, kBytes>& bytes) : bytes_(bytes) {}

  static Result<Digest> parse(std::string_view hex);

  const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }
  std::string hex() const;

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  // Ends the computation; call once, or begin_again().
  Digest finish();
  void begin_again();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest sha256(std::string_view text);
// Of the parts, one behind the other.
Digest sha256(std::initializer_list<std::string_view> parts);
// Who has the key can tell that `text` comes from another who has it.
Digest hmac_sha256(std::string_view key, std::string_view text);

}  // namespace modelyard
