// CRC32C (Castagnoli; RFC 3720 appendix B.4), by the processor where it can, else by Boost.CRC.
#pragma once

#include <cstdint>
#include <string_view>

namespace modelyard {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace modelyard
