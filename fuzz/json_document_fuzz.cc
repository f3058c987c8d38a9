// Whatever parse_json accepts has one canonical text, which reads back as the same value.
#include <cstdint>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  const auto value = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!value) return 0;

  const auto text = canonical_json(*value);
  MODELYARD_CHECK(text.has_value(), "a parsed document can be written");
  const auto again = parse_json(*text);
  MODELYARD_CHECK(again.has_value(), "a written document can be read");
  MODELYARD_CHECK(*again == *value, "nothing is lost on the way");
  MODELYARD_CHECK(canonical_json(*again).value() == *text, "a canonical text stays as it is");
  return 0;
}
