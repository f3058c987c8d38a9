#include "rollout/gates/verdict.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace modelyard::rollout {
namespace {

constexpr std::array<std::pair<Outcome, std::string_view>, 5> kNames = {{{Outcome::kPass, "pass"},
                                                                         {Outcome::kFail, "fail"},
                                                                         {Outcome::kInconclusive, "inconclusive"},
                                                                         {Outcome::kNoData, "nodata"},
                                                                         {Outcome::kSrm, "srm"}}};

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  for (const auto& [value, name] : kNames) {
    if (value == outcome) return name;
  }
  return "";
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

Json to_json(const Verdict& verdict) {
  Json json = {{"gate", verdict.gate},
               {"outcome", outcome_name(verdict.outcome)},
               {"candidate", number(verdict.candidate)},
               {"low", number(verdict.interval.low)},
               {"high", number(verdict.interval.high)},
               {"limit", number(verdict.limit)},
               {"candidate_samples", verdict.candidate_samples},
               {"stable_samples", verdict.stable_samples},
               {"because", verdict.because}};
  if (verdict.stable) json["stable"] = number(*verdict.stable);
  return json;
}

Result<Verdict> parse_verdict(const Json& value, std::string path) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  Verdict verdict;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(verdict.gate, reader.string("gate"));
  MODELYARD_ASSIGN(const std::string outcome, reader.string("outcome"));
  const auto known = parse_outcome(outcome);
  if (!known) return error(Code::kInvalidArgument, "{}: '{}' is not an outcome", reader.path_of("outcome"), outcome);
  verdict.outcome = *known;
  const auto take = [&](std::string_view key, double& to) -> Status {
    MODELYARD_ASSIGN(const auto found, reader.optional_number(key));
    to = found.value_or(kNone);
    return ok();
  };
  MODELYARD_TRY(take("candidate", verdict.candidate));
  MODELYARD_TRY(take("low", verdict.interval.low));
  MODELYARD_TRY(take("high", verdict.interval.high));
  MODELYARD_TRY(take("limit", verdict.limit));
  MODELYARD_ASSIGN(verdict.stable, reader.optional_number("stable"));
  MODELYARD_ASSIGN(const std::int64_t candidates, reader.integer("candidate_samples"));
  MODELYARD_ASSIGN(const std::int64_t stables, reader.integer("stable_samples"));
  if (candidates < 0 || stables < 0) return error(Code::kInvalidArgument, "{}: samples below zero", path);
  verdict.candidate_samples = static_cast<std::uint64_t>(candidates);
  verdict.stable_samples = static_cast<std::uint64_t>(stables);
  MODELYARD_ASSIGN(verdict.because, reader.string("because"));
  MODELYARD_TRY(reader.finish());
  return verdict;
}

}  // namespace modelyard::rollout
