// Numbers of seven bits a byte, the lowest first, as they stand in the columns of a block. Private to this room.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace modelyard::journal {

inline constexpr std::size_t kMostVarintBytes = 10;

// Where the next one goes.
inline char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}
// Wrapping, so that hostile numbers are only wrong.
inline std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Takes numbers and texts off a column's front. InvalidArgument when they are not there.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint64_t> next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return error(Code::kInvalidArgument, "damaged block: a number is cut off");
  }
  Result<std::string_view> text(std::uint64_t size) {
    if (size > bytes_.size()) return error(Code::kInvalidArgument, "damaged block: a text is cut off");
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  std::size_t left() const { return bytes_.size(); }
  Status finish() const {
    if (bytes_.empty()) return ok();
    return error(Code::kInvalidArgument, "damaged block: a column has more than its records");
  }

 private:
  std::string_view bytes_;
};

}  // namespace modelyard::journal
