#include "lifecycle/recording.h"

namespace modelyard::lifecycle {

Result<Recording> parse_recording(const Json& value) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "journal"));
  Recording recording;
  MODELYARD_ASSIGN(const auto required, fields.optional_boolean("required"));
  recording.required = required.value_or(false);
  MODELYARD_TRY(fields.finish());
  return recording;
}

}  // namespace modelyard::lifecycle
