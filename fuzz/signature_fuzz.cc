// A signature that was accepted survives its JSON form.
#include <cstdint>
#include <string_view>

#include "inference/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  const auto value = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!value) return 0;
  const auto signature = inference::parse_signature(*value);
  if (!signature) return 0;

  const auto again = inference::parse_signature(inference::to_json(*signature));
  MODELYARD_CHECK(again.has_value(), "a written signature can be read");
  MODELYARD_CHECK(*again == *signature, "nothing is lost on the way");
  return 0;
}
