// Recording is what the predictions of an endpoint leave in the journal, beyond what all leave.
//
// Errors: parse_recording() answers InvalidArgument naming the field.
#pragma once

#include "base/json.h"
#include "base/result.h"

namespace modelyard::lifecycle {

struct Recording {
  // A request is refused rather than answered without its record.
  bool required = false;

  friend bool operator==(const Recording&, const Recording&) = default;
};

// {"required"}; what is not named has its default.
Result<Recording> parse_recording(const Json& value);

}  // namespace modelyard::lifecycle
