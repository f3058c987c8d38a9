#include "base/uuid.h"

#include <algorithm>
#include <charconv>

namespace modelyard {

Uuid Uuid::make_v7(UtcTime now, Random& random) {
  const auto millis = static_cast<std::uint64_t>(utc_micros(now) / 1000);
  const std::uint64_t high = random.next(), low = random.next();
  Uuid id;
  for (int i = 0; i < 6; ++i) id.bytes_[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  id.bytes_[6] = static_cast<std::uint8_t>(0x70 | ((high >> 8) & 0x0f));
  id.bytes_[7] = static_cast<std::uint8_t>(high);
  for (int i = 0; i < 8; ++i) id.bytes_[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  id.bytes_[8] = static_cast<std::uint8_t>(0x80 | (id.bytes_[8] & 0x3f));
  return id;
}

void Uuid::format_to(char* text) const {
  // Without branches, so that the compiler makes vectors of it; the hyphens come between afterwards.
  std::array<char, 2 * std::tuple_size_v<decltype(bytes_)>> digits;
  const auto digit = [](unsigned nibble) { return static_cast<char>(nibble + (nibble > 9 ? 'a' - 10 : '0')); };
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    digits[2 * i] = digit(bytes_[i] >> 4);
    digits[2 * i + 1] = digit(bytes_[i] & 15);
  }
  const char* from = digits.data();
  for (const std::size_t length : {8, 4, 4, 4, 12}) {
    if (from != digits.data()) *text++ = '-';
    text = std::copy_n(from, length, text);
    from += length;
  }
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const auto refused = [whole = text] {
    return error(Code::kInvalidArgument, "'{}' is not a UUID", whole.substr(0, 64));
  };
  if (text.size() != kTextBytes) return refused();
  Uuid id;
  for (std::size_t i = 0; i < id.bytes_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text.front() != '-') return refused();
      text.remove_prefix(1);
    }
    const auto [end, failure] = std::from_chars(text.data(), text.data() + 2, id.bytes_[i], 16);
    if (failure != std::errc{} || end != text.data() + 2) return refused();
    text.remove_prefix(2);
  }
  return id;
}

Uuid Uuid::of(const std::array<std::uint8_t, 16>& bytes) {
  Uuid id;
  id.bytes_ = bytes;
  return id;
}

std::int64_t Uuid::milliseconds() const {
  std::int64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | bytes_[i];
  return millis;
}

std::string Uuid::text() const {
  std::string text(kTextBytes, '\0');
  format_to(text.data());
  return text;
}

}  // namespace modelyard
