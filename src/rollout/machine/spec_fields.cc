#include "rollout/machine/spec_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "base/names.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

constexpr std::size_t kMostLines = 50, kMostLineBytes = 200;
constexpr std::int64_t kMostSamples = 1'000'000'000'000;

std::optional<double> percent_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (!text.ends_with('%')) return std::nullopt;
  double number = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, failure] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  return failure == std::errc{} && end == last ? std::optional(number) : std::nullopt;
}

}  // namespace

Error refuse_field(const ObjectReader& fields, std::string_view key, std::string_view why) {
  return error(Code::kInvalidArgument, "{}: {}", fields.path_of(key), why);
}

Status read_duration(ObjectReader& fields, std::string_view key, std::optional<std::chrono::seconds>& duration) {
  MODELYARD_ASSIGN(const auto text, fields.optional_string(key));
  if (!text) return ok();
  const auto parsed = parse_duration(*text);
  if (!parsed) return parsed.error().with_context("{}", fields.path_of(key));
  if (*parsed > kMostDuration) return refuse_field(fields, key, "is at most " + format_duration(kMostDuration));
  duration = *parsed;
  return ok();
}

Status read_pace(ObjectReader& fields, Pace& pace) {
  MODELYARD_TRY(read_duration(fields, "hold", pace.hold));
  MODELYARD_TRY(read_duration(fields, "most_duration", pace.most_duration));
  MODELYARD_ASSIGN(const auto samples, fields.optional_integer("min_samples"));
  if (!samples) return ok();
  if (*samples < 0 || *samples > kMostSamples) {
    return refuse_field(fields, "min_samples", fmt::format("must be from 0 to {}", kMostSamples));
  }
  pace.min_samples = static_cast<std::uint64_t>(*samples);
  return ok();
}

Result<int> parse_percent(const Json& value, const std::string& path, Zero zero) {
  const auto percent = percent_of(value);
  if (!percent) return error(Code::kInvalidArgument, "{}: expected percent, like 5, 0.5 or \"0.5%\"", path);
  const double parts = *percent * (kWhole / 100.0);
  if (parts == 0 && zero == Zero::kTaken) return 0;
  if (!(parts > 0) || parts > kWhole) {
    return error(Code::kInvalidArgument, "{}: {} % is not {} 0 and at most 100 %", path, *percent,
                 zero == Zero::kTaken ? "at least" : "above");
  }
  // 0.07 * 100 is not 7 in binary.
  if (std::abs(parts - std::round(parts)) > 1e-6 || parts < 0.5) {
    return error(Code::kInvalidArgument, "{}: {} % is finer than the steps of 0.01 %", path, *percent);
  }
  return static_cast<int>(std::round(parts));
}

Status read_percent(ObjectReader& fields, std::string_view key, int& share) {
  const Json* const value = fields.optional_any(key);
  if (!value) return ok();
  MODELYARD_ASSIGN(share, parse_percent(*value, fields.path_of(key)));
  return ok();
}

Json percent_json(int share) {
  return share * 100 % kWhole == 0 ? Json(share * 100 / kWhole) : Json(share * 100.0 / kWhole);
}

Status check_line(const std::string& line, const std::string& path) {
  if (line.empty()) {
    return error(Code::kInvalidArgument, "{}: is empty; write a gate like \"error_rate <= 0.5%\"", path);
  }
  if (line.size() > kMostLineBytes || !is_valid_utf8(line)) {
    return error(Code::kInvalidArgument, "{}: a gate is one line of UTF-8 with at most {} bytes", path, kMostLineBytes);
  }
  return ok();
}

Status read_lines(ObjectReader& fields, std::string_view key, std::vector<std::string>& lines) {
  MODELYARD_ASSIGN(const Json* const list, fields.optional_array(key));
  if (!list) return ok();
  if (list->size() > kMostLines) return refuse_field(fields, key, fmt::format("at most {} gates", kMostLines));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", fields.path_of(key), i);
    const auto* const line = (*list)[i].get_ptr<const std::string*>();
    if (!line) return error(Code::kInvalidArgument, "{}: expected a gate, as text", path);
    MODELYARD_TRY(check_line(*line, path));
    if (std::ranges::find(lines, *line) == lines.end()) lines.push_back(*line);
  }
  return ok();
}

}  // namespace modelyard::rollout
