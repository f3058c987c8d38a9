// Recording is what the predictions of an endpoint leave in the journal, beyond what all leave.
//
// Errors: parse_recording() answers InvalidArgument naming the field.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::lifecycle {

struct Recording {
  // A request is refused rather than answered without its record.
  bool required = false;
  // How much of the endpoint's records is kept, and for how long, within what the server keeps of all. 0: no bound.
  std::uint64_t most_bytes = 0;
  std::chrono::days most_age{0};
  // Legal hold: nothing is deleted, whatever the bounds say.
  bool hold = false;

  friend bool operator==(const Recording&, const Recording&) = default;
};

// {"required", "max_bytes", "max_age_days", "hold"}; what is not named has its default.
Result<Recording> parse_recording(const Json& value);

}  // namespace modelyard::lifecycle
