// Reads YAML that people write: flat settings, and documents for `modelyard apply`.
//
// Limits: 1 MiB, no anchors or aliases (they can grow without bound), depth 32.
// Errors: InvalidArgument with file, line and column.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::app {

// A map of scalars: key and text of each, in order. Refuses nesting and keys that stand twice.
Result<std::vector<std::pair<std::string, std::string>>> read_yaml_entries(std::string_view text,
                                                                           std::string_view file_name);

// The document as JSON, by YAML's core schema: plain scalars become null, booleans, numbers; quoted ones text.
Result<Json> read_yaml_document(std::string_view text, std::string_view file_name);
// Of a file that a setting names; null when it names none.
Result<Json> read_yaml_list(const std::string& path);

}  // namespace modelyard::app
