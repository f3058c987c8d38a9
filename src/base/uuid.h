// Uuid is a version 7 UUID (RFC 9562 §5.7): 48 bits of UTC milliseconds, then random bits, so that
// ids sort by the time they were made. The text form has 36 characters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace modelyard {

class Uuid {
 public:
  static constexpr std::size_t kTextBytes = 36;

  Uuid() = default;
  static Uuid make_v7(UtcTime now, Random& random);

  // Writes kTextBytes characters, no terminator.
  void format_to(char* text) const;
  std::string text() const;
  // Of the 36 characters in either case; InvalidArgument for others. Any version.
  static Result<Uuid> parse(std::string_view text);
  static Uuid of(const std::array<std::uint8_t, 16>& bytes);
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  // UTC milliseconds of a version 7.
  std::int64_t milliseconds() const;

  friend bool operator==(const Uuid&, const Uuid&) = default;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace modelyard
