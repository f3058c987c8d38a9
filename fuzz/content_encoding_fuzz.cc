// Inflating never gives more than the limit, and what was compressed comes back. The first byte chooses the coding.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "edge/http/content_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  constexpr std::array kCodings{edge::Coding::kGzip, edge::Coding::kDeflate, edge::Coding::kZstd};
  constexpr std::size_t kLimit = 1u << 20;
  if (size == 0) return 0;
  const edge::Coding coding = kCodings[bytes[0] % kCodings.size()];
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 1, size - 1);

  const auto inflated = edge::inflate(coding, body, kLimit);
  if (inflated) MODELYARD_CHECK(inflated->size() <= kLimit, "the limit holds");
  (void)edge::choose_coding(body);

  if (body.empty()) return 0;
  const auto compressed = edge::compress(coding, body);
  MODELYARD_CHECK(compressed.has_value(), "every text can be compressed");
  const auto again = edge::inflate(coding, *compressed, kLimit);
  MODELYARD_CHECK(again.has_value() && *again == body, "what was compressed comes back");
  return 0;
}
