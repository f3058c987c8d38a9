// Settings and documents in YAML: any bytes are read or refused; settings that were read have their keys once.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "app/configuration/yaml_document.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto entries = app::read_yaml_entries(text, "fuzz.yaml")) {
    std::set<std::string> keys;
    for (const auto& [key, value] : *entries) MODELYARD_CHECK(keys.insert(key).second, "a key stands once");
  }
  if (const auto document = app::read_yaml_document(text, "fuzz.yaml")) (void)canonical_json(*document).has_value();
  return 0;
}
