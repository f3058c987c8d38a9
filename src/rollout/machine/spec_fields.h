// Reads the fields that specs, stages and steps of rollouts have in common.
//
// Errors: InvalidArgument naming the field; what is absent leaves the target as it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::rollout {

inline constexpr std::chrono::seconds kMostDuration = std::chrono::days(366);

// What a step inherits: from the spec, then from its stage.
struct Pace {
  std::optional<std::chrono::seconds> hold, most_duration;
  std::optional<std::uint64_t> min_samples;
};

// "<path of key>: <why>"
Error refuse_field(const ObjectReader& fields, std::string_view key, std::string_view why);

Status read_duration(ObjectReader& fields, std::string_view key, std::optional<std::chrono::seconds>& duration);
Status read_pace(ObjectReader& fields, Pace& pace);
// 25, 0.5 or "0.5%", as parts of 10,000.
enum class Zero { kRefused, kTaken };
Result<int> parse_percent(const Json& value, const std::string& path, Zero zero = Zero::kRefused);
Status read_percent(ObjectReader& fields, std::string_view key, int& share);
Json percent_json(int share);
// Adds the lines that are not there yet.
Status read_lines(ObjectReader& fields, std::string_view key, std::vector<std::string>& lines);
Status check_line(const std::string& line, const std::string& path);

}  // namespace modelyard::rollout
