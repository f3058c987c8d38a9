// The rules for names that people give: models, endpoints, aliases, tags.
//
// A model or endpoint name is 1 to 128 characters of [A-Za-z0-9._-], beginning with a letter or digit.
// An alias is the same and not a number, so that "@7" and version 7 are never confused.
// Errors: InvalidArgument that repeats the rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard {

using VersionNumber = std::int64_t;  // 1, 2, 3…; 0 means none

// One version of one model.
struct VersionRef {
  std::string model;
  VersionNumber version = 0;

  friend bool operator==(const VersionRef&, const VersionRef&) = default;
  friend auto operator<=>(const VersionRef&, const VersionRef&) = default;
};

Status check_model_name(std::string_view name);
Status check_alias_name(std::string_view name);
// 1 to 250 bytes of printable UTF-8 without '='.
Status check_tag_key(std::string_view key);
Result<VersionNumber> parse_version_number(std::string_view text);
bool is_valid_utf8(std::string_view text);

}  // namespace modelyard
