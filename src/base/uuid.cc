#include "base/uuid.h"

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
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *text++ = '-';
    *text++ = kDigits[bytes_[i] >> 4];
    *text++ = kDigits[bytes_[i] & 15];
  }
}

std::string Uuid::text() const {
  std::string text(kTextBytes, '\0');
  format_to(text.data());
  return text;
}

}  // namespace modelyard
