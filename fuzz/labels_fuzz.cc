// Labels in every form: whatever is sent is read or refused, within the limits.
#include <cstdint>

#include "edge/codec/labels/label_reader.h"

using namespace modelyard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  edge::LabelForm form{.endpoint = "fraud"};
  switch (data[0] % 4) {
    case 0: form.content_type = "application/json"; break;
    case 1: form.content_type = "application/x-ndjson"; break;
    case 3: form.columns = {{"prediction_id", "id"}, {"value", "label"}}; [[fallthrough]];
    case 2: form.content_type = "text/csv"; break;
  }
  const auto labels = edge::read_labels(body, form);
  if (!labels) return 0;
  for (const journal::GivenLabel& given : *labels) {
    const bool has_key = given.label.prediction.has_value() != !given.label.unit.empty();
    if (!has_key || given.label.row.value_or(0) < 0 || given.endpoint.empty()) __builtin_trap();
  }
  return 0;
}
