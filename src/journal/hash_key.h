// HashKey turns values into texts that tell equal from different, and nothing else, to who has not the key
// (HMAC-SHA-256, RFC 2104). The key is a file of the journal; whoever destroys it makes the texts random for ever.
//
// Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/directory.h"

namespace modelyard::journal {

class HashKey {
 public:
  static constexpr std::size_t kTextBytes = 32;

  // Makes the file when there is none.
  static Result<HashKey> open(const Directory& folder);
  explicit HashKey(const std::array<std::uint8_t, 32>& key) : key_(key) {}

  // kTextBytes hexadecimal digits: the first half of the MAC of the field's name, a zero byte and the element.
  std::string text_of(std::string_view field, std::string_view element) const;

 private:
  std::array<std::uint8_t, 32> key_;
};

}  // namespace modelyard::journal
