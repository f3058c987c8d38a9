#include "rollout_simulation/truth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace modelyard::rollout {
namespace {

struct Field {
  std::string_view name;
  double Truth::* value;
  bool is_rate;
};
constexpr std::array<Field, 7> kFields{{{"error_rate", &Truth::error_rate, true},
                                        {"timeout_rate", &Truth::timeout_rate, true},
                                        {"nonfinite_rate", &Truth::nonfinite_rate, true},
                                        {"p50_ms", &Truth::p50_ms, false},
                                        {"p99_ms", &Truth::p99_ms, false},
                                        {"latency", &Truth::latency, false},
                                        {"reward", &Truth::reward, true}}};

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Status set_truth(Truth& truth, std::string_view text) {
  constexpr double kLeast = 0.001, kMost = 1e6;  // of latencies, so that all of them can be counted
  const std::size_t equals = std::min(text.find('='), text.size());
  const auto field = std::ranges::find(kFields, text.substr(0, equals), &Field::name);
  if (field == kFields.end() || equals == text.size()) {
    return error(Code::kInvalidArgument,
                 "'{}': expected error_rate=2%, timeout_rate=…%, nonfinite_rate=…%, p50_ms=…, p99_ms=…, latency=1.2 or "
                 "reward=10%",
                 text);
  }
  std::string_view number = text.substr(equals + 1);
  if (!field->is_rate) {
    const auto value = number_of(number);
    if (!value || !(*value >= kLeast && *value <= kMost)) {
      return error(Code::kInvalidArgument, "'{}': expected a number from {} to {}", text, kLeast, kMost);
    }
    truth.*field->value = *value;
    return ok();
  }
  const bool has_unit = number.ends_with('%');
  if (has_unit) number.remove_suffix(1);
  const auto percent = number_of(number);
  if (!has_unit || !percent || !(*percent >= 0 && *percent <= 100)) {
    return error(Code::kInvalidArgument, "'{}': expected a share from 0% to 100%", text);
  }
  truth.*field->value = *percent / 100;
  return ok();
}

Status validate(const Truth& truth) {
  if (truth.error_rate + truth.timeout_rate + truth.nonfinite_rate > 1) {
    return error(Code::kInvalidArgument, "error_rate, timeout_rate and nonfinite_rate: together more than 100%");
  }
  if (truth.p99_ms >= truth.p50_ms) return ok();
  return error(Code::kInvalidArgument, "p99_ms={:g} is below p50_ms={:g}", truth.p99_ms, truth.p50_ms);
}

Json to_json(const Truth& truth) {
  Json document = Json::object();
  for (const Field& field : kFields) document[std::string(field.name)] = truth.*field.value;
  return document;
}

}  // namespace modelyard::rollout
