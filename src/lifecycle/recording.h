// Recording is what the predictions of an endpoint leave in the journal, beyond what all leave.
//
// Errors: parse_recording() answers InvalidArgument naming the field.
#pragma once

#include <chrono>
#include <cstdint>

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::lifecycle {

// Which predictions leave what they were asked and what they answered, and how much of it.
//
// A name in a list is a tensor's, or a feature's of a tensor whose signature names its columns.
struct Capture {
  double share = 0;     // of predictions, 0 … 1; the same ones wherever their unit, or trace, or id is the same
  bool errors = false;  // all that failed
  std::vector<std::string> fields;              // sorted; empty: all
  std::vector<std::string> mask;                // sorted; only their datatypes and shapes are kept
  std::vector<std::string> hash;                // sorted; their values are kept as keyed hashes
  std::uint64_t most_field_bytes = 256u << 10;  // a larger one leaves only its datatype and shape
  std::uint64_t most_bytes = 0;                 // of the endpoint's payloads that are kept; 0: no bound
  std::chrono::days most_age{0};

  friend bool operator==(const Capture&, const Capture&) = default;
};

struct Recording {
  // A request is refused rather than answered without its record.
  bool required = false;
  // How much of the endpoint's records is kept, and for how long, within what the server keeps of all. 0: no bound.
  std::uint64_t most_bytes = 0;
  std::chrono::days most_age{0};
  // Legal hold: nothing is deleted, whatever the bounds say.
  bool hold = false;
  std::optional<Capture> capture;  // none: nothing but the record

  friend bool operator==(const Recording&, const Recording&) = default;
};

// {"required", "max_bytes", "max_age_days", "hold", "capture": {"share", "errors", "fields", "mask", "hash",
// "max_field_bytes", "max_bytes", "max_age_days"}}; what is not named has its default.
Result<Recording> parse_recording(const Json& value);

}  // namespace modelyard::lifecycle
