// Targets of requests: path and query, with percent-encoding undone once (RFC 3986).
//
// Errors: InvalidArgument for broken escapes, NUL, an encoded slash, "." or ".." segments.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace modelyard::edge {

struct TargetParts {
  std::string_view path;
  std::string_view query;
};

// Origin form ("/a?b"), or absolute form, whose authority is dropped.
Result<TargetParts> split_target(std::string_view target);

// `decoded` holds the text when the path has escapes; otherwise the answer is `path` itself.
Result<std::string_view> decode_path(std::string_view path, std::string& decoded);

using QueryFields = std::vector<std::pair<std::string, std::string>>;
// "a=1&b=x+y": at most 64 fields; a name twice is refused.
Result<QueryFields> parse_query(std::string_view query);

}  // namespace modelyard::edge
