#include "rollout/gates/evidence.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace modelyard::rollout {
namespace {

// The tables of counts, by the names that they are written with.
template <typename Owner>
struct Field {
  std::string_view name;
  Counts Owner::* counts;
};
constexpr std::array<Field<ArmEvidence>, 7> kArmFields{{{"requests", &ArmEvidence::requests},
                                                        {"failures", &ArmEvidence::failures},
                                                        {"timeouts", &ArmEvidence::timeouts},
                                                        {"nonfinite", &ArmEvidence::nonfinite},
                                                        {"latency", &ArmEvidence::latency},
                                                        {"latency_units", &ArmEvidence::latency_units},
                                                        {"outputs", &ArmEvidence::outputs}}};
constexpr std::array<Field<PairEvidence>, 5> kPairFields{{{"compared", &PairEvidence::compared},
                                                          {"disagreed", &PairEvidence::disagreed},
                                                          {"labelled", &PairEvidence::labelled},
                                                          {"candidate_only", &PairEvidence::candidate_only},
                                                          {"stable_only", &PairEvidence::stable_only}}};

// Adds or takes away. Counts that would fall below zero are of another evidence.
enum class Change { kAdd, kTakeAway };

Status change(Counts& counts, const Counts& by, Change how, std::string_view name) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (how == Change::kTakeAway && by[i] > counts[i]) {
      return error(Code::kInvalidArgument, "{} fall from {} to {} at place {}: it is not the same evidence", name,
                   by[i], counts[i], i);
    }
    counts[i] = how == Change::kAdd ? counts[i] + by[i] : counts[i] - by[i];
  }
  return ok();
}

Status change(MetricEvidence& metric, const MetricEvidence& by, Change how, std::string_view name) {
  MODELYARD_TRY(change(metric.counts, by.counts, how, name));
  const double sign = how == Change::kAdd ? 1 : -1;
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    metric.sums[i] += sign * by.sums[i];
    metric.squares[i] = std::max(0.0, metric.squares[i] + sign * by.squares[i]);
  }
  return ok();
}

Status change(ArmEvidence& arm, const ArmEvidence& by, Change how) {
  if (arm.output_bins == 0) {
    arm.output_bins = by.output_bins;
    arm.outputs.resize(by.outputs.size());
  }
  if (by.output_bins != 0 && by.output_bins != arm.output_bins) {
    return error(Code::kFailedPrecondition, "answers in {} bins, and in {}", arm.output_bins, by.output_bins);
  }
  for (const auto& field : kArmFields) {
    const Counts& other = by.*field.counts;
    if (!other.empty()) MODELYARD_TRY(change(arm.*field.counts, other, how, field.name));
  }
  for (const auto& [name, metric] : by.metrics) MODELYARD_TRY(change(arm.metrics[name], metric, how, name));
  if (arm.metrics.size() <= ArmEvidence::kMostMetrics) return ok();
  return error(Code::kFailedPrecondition, "{} metrics: at most {} are kept", arm.metrics.size(),
               ArmEvidence::kMostMetrics);
}

Status change(StepEvidence& step, const StepEvidence& by, Change how) {
  MODELYARD_TRY(change(step.candidate, by.candidate, how));
  MODELYARD_TRY(change(step.stable, by.stable, how));
  for (const auto& field : kPairFields) {
    MODELYARD_TRY(change(step.pairs.*field.counts, by.pairs.*field.counts, how, field.name));
  }
  if (how == Change::kAdd) {
    step.units.merge(by.units);
  } else {
    step.units = {};
  }
  return ok();
}

Json sparse(const Counts& counts) {
  Json json = Json::array();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    json.push_back(i);
    json.push_back(counts[i]);
  }
  return json;
}

// [bucket, count, sum, sum of squares, …]
Json sparse(const MetricEvidence& metric) {
  Json json = Json::array();
  for (std::size_t i = 0; i < kUnitBuckets; ++i) {
    if (metric.counts[i] == 0) continue;
    for (const Json& value : {Json(i), Json(metric.counts[i]), Json(metric.sums[i]), Json(metric.squares[i])}) {
      json.push_back(value);
    }
  }
  return json;
}

Json to_json(const ArmEvidence& arm) {
  Json json = Json::object();
  for (const auto& field : kArmFields) {
    if (!(arm.*field.counts).empty()) json[std::string(field.name)] = sparse(arm.*field.counts);
  }
  if (arm.output_bins > 0) json["output_bins"] = arm.output_bins;
  for (const auto& [name, metric] : arm.metrics) json["metrics"][name] = sparse(metric);
  return json;
}

constexpr std::uint64_t kMostCount = std::uint64_t{1} << 52;

bool is_natural(const Json& value) {
  return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

// Places ascend.
Result<std::size_t> parse_place(const Json& value, std::size_t least, std::size_t end, const std::string& path) {
  if (is_natural(value)) {
    const auto place = value.get<std::uint64_t>();
    if (place >= least && place < end) return static_cast<std::size_t>(place);
  }
  return error(Code::kInvalidArgument, "{}: expected a place from {} to below {}", path, least, end);
}

Result<std::uint64_t> parse_count(const Json& value, const std::string& path) {
  if (is_natural(value)) {
    const auto count = value.get<std::uint64_t>();
    if (count >= 1 && count <= kMostCount) return count;
  }
  return error(Code::kInvalidArgument, "{}: expected a count from 1 to 2^52", path);
}

Status parse_counts(const Json* value, Counts& counts, const std::string& path) {
  if (!value) return ok();
  if (value->size() % 2 != 0) return error(Code::kInvalidArgument, "{}: expected pairs of place and count", path);
  std::size_t least = 0;
  for (std::size_t i = 0; i < value->size(); i += 2) {
    MODELYARD_ASSIGN(const std::size_t place, parse_place((*value)[i], least, counts.size(), path));
    MODELYARD_ASSIGN(counts[place], parse_count((*value)[i + 1], path));
    least = place + 1;
  }
  return ok();
}

Result<MetricEvidence> parse_metric(const Json& value, const std::string& path) {
  if (!value.is_array() || value.size() % 4 != 0) {
    return error(Code::kInvalidArgument, "{}: expected bucket, count, sum and sum of squares, repeated", path);
  }
  MetricEvidence metric;
  std::size_t least = 0;
  for (std::size_t i = 0; i < value.size(); i += 4) {
    MODELYARD_ASSIGN(const std::size_t place, parse_place(value[i], least, kUnitBuckets, path));
    MODELYARD_ASSIGN(metric.counts[place], parse_count(value[i + 1], path));
    if (!value[i + 2].is_number() || !value[i + 3].is_number() || value[i + 3].get<double>() < 0) {
      return error(Code::kInvalidArgument, "{}: expected a sum and a sum of squares that is not below 0", path);
    }
    metric.sums[place] = value[i + 2].get<double>();
    metric.squares[place] = value[i + 3].get<double>();
    least = place + 1;
  }
  return metric;
}

Result<ArmEvidence> parse_arm(const Json& value, std::string path) {
  ArmEvidence arm;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, std::move(path)));
  MODELYARD_ASSIGN(const auto bins, reader.optional_integer("output_bins"));
  if (bins && (*bins < 2 || *bins > static_cast<std::int64_t>(ArmEvidence::kMostOutputBins))) {
    return error(Code::kInvalidArgument, "{}: expected 2 to {}", reader.path_of("output_bins"),
                 ArmEvidence::kMostOutputBins);
  }
  arm.output_bins = static_cast<std::size_t>(bins.value_or(0));
  arm.outputs.resize(arm.output_bins * kUnitBuckets);
  for (const auto& field : kArmFields) {
    MODELYARD_ASSIGN(const Json* const counts, reader.optional_array(field.name));
    MODELYARD_TRY(parse_counts(counts, arm.*field.counts, reader.path_of(field.name)));
  }
  MODELYARD_ASSIGN(const Json* const metrics, reader.optional_object("metrics"));
  if (metrics && metrics->size() > ArmEvidence::kMostMetrics) {
    return error(Code::kInvalidArgument, "{}: at most {}", reader.path_of("metrics"), ArmEvidence::kMostMetrics);
  }
  const Json none = Json::object();
  for (const auto& [name, metric] : (metrics ? *metrics : none).items()) {
    MODELYARD_ASSIGN(arm.metrics[name], parse_metric(metric, fmt::format("{}.{}", reader.path_of("metrics"), name)));
  }
  MODELYARD_TRY(reader.finish());
  return arm;
}

Result<StepEvidence> parse_step(const Json& value, std::string path) {
  StepEvidence step;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, std::move(path)));
  MODELYARD_ASSIGN(const std::int64_t number, reader.integer("step"));
  if (number < 0 || number >= static_cast<std::int64_t>(Evidence::kMostSteps)) {
    return error(Code::kInvalidArgument, "{}: expected 0 to {}", reader.path_of("step"), Evidence::kMostSteps - 1);
  }
  step.step = static_cast<int>(number);
  MODELYARD_ASSIGN(const Json* const candidate, reader.object("candidate"));
  MODELYARD_ASSIGN(step.candidate, parse_arm(*candidate, reader.path_of("candidate")));
  MODELYARD_ASSIGN(const Json* const stable, reader.object("stable"));
  MODELYARD_ASSIGN(step.stable, parse_arm(*stable, reader.path_of("stable")));
  MODELYARD_ASSIGN(const Json* const pairs, reader.object("pairs"));
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(*pairs, reader.path_of("pairs")));
  for (const auto& field : kPairFields) {
    MODELYARD_ASSIGN(const Json* const counts, fields.optional_array(field.name));
    MODELYARD_TRY(parse_counts(counts, step.pairs.*field.counts, fields.path_of(field.name)));
  }
  MODELYARD_TRY(fields.finish());
  MODELYARD_ASSIGN(const Json* const units, reader.optional_object("units"));
  if (units) {
    MODELYARD_ASSIGN(step.units, parse_unit_sample(*units, reader.path_of("units")));
  }
  MODELYARD_TRY(reader.finish());
  return step;
}

}  // namespace

void add(ArmEvidence& arm, const CountedRequest& request) {
  const std::size_t unit = unit_bucket(request.unit_hash);
  ++arm.requests[unit];
  arm.failures[unit] += request.failed || request.timed_out ? 1 : 0;
  arm.timeouts[unit] += request.timed_out ? 1 : 0;
  arm.nonfinite[unit] += request.nonfinite ? 1 : 0;
  if (!request.latency) return;
  const auto nanoseconds = std::max<std::chrono::nanoseconds::rep>(0, request.latency->count());
  const std::size_t bucket = latency_bucket(static_cast<std::uint64_t>(nanoseconds));
  ++arm.latency[bucket];
  ++arm.latency_units[unit * kLatencyClasses + latency_class(bucket)];
}

Status add_metric(ArmEvidence& arm, std::string_view name, std::uint64_t unit_hash, double value) {
  if (!(std::abs(value) <= ArmEvidence::kLargestValue)) {
    return error(Code::kInvalidArgument, "metric {}: {} cannot be averaged", name, value);
  }
  auto found = arm.metrics.find(name);
  if (found == arm.metrics.end()) {
    if (arm.metrics.size() >= ArmEvidence::kMostMetrics) {
      return error(Code::kInvalidArgument, "metric {}: there are {} others already", name, ArmEvidence::kMostMetrics);
    }
    found = arm.metrics.emplace(name, MetricEvidence{}).first;
  }
  const std::size_t unit = unit_bucket(unit_hash);
  ++found->second.counts[unit];
  found->second.sums[unit] += value;
  found->second.squares[unit] += value * value;
  return ok();
}

void add_output(ArmEvidence& arm, std::uint64_t unit_hash, std::size_t bin) {
  arm.outputs.resize(arm.output_bins * kUnitBuckets);
  ++arm.outputs[unit_bucket(unit_hash) * arm.output_bins + bin];
}

StepEvidence& step_of(Evidence& evidence, int step) {
  const auto at = std::ranges::lower_bound(evidence.steps, step, {}, &StepEvidence::step);
  if (at != evidence.steps.end() && at->step == step) return *at;
  return *evidence.steps.insert(at,
                                StepEvidence{.step = step, .candidate = {}, .stable = {}, .pairs = {}, .units = {}});
}

Status merge(Evidence& into, const Evidence& other) {
  for (const StepEvidence& step : other.steps) MODELYARD_TRY(change(step_of(into, step.step), step, Change::kAdd));
  return ok();
}

Result<Evidence> difference(const Evidence& after, const Evidence& before) {
  Evidence evidence = after;
  for (const StepEvidence& step : before.steps) {
    MODELYARD_TRY(change(step_of(evidence, step.step), step, Change::kTakeAway));
  }
  return evidence;
}

Json to_json(const Evidence& evidence) {
  Json steps = Json::array();
  for (const StepEvidence& step : evidence.steps) {
    Json pairs = Json::object();
    for (const auto& field : kPairFields) pairs[std::string(field.name)] = sparse(step.pairs.*field.counts);
    steps.push_back({{"step", step.step},
                     {"candidate", to_json(step.candidate)},
                     {"stable", to_json(step.stable)},
                     {"pairs", std::move(pairs)}});
    if (!step.units.is_empty()) steps.back()["units"] = to_json(step.units);
  }
  return {{"steps", std::move(steps)}};
}

Result<Evidence> parse_evidence(const Json& value, std::string path) {
  Evidence evidence;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, std::move(path)));
  MODELYARD_ASSIGN(const Json* const steps, reader.array("steps"));
  if (steps->size() > Evidence::kMostSteps) {
    return error(Code::kInvalidArgument, "{}: at most {}", reader.path_of("steps"), Evidence::kMostSteps);
  }
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const std::string place = fmt::format("{}[{}]", reader.path_of("steps"), i);
    MODELYARD_ASSIGN(StepEvidence step, parse_step((*steps)[i], place));
    if (!evidence.steps.empty() && step.step <= evidence.steps.back().step) {
      return error(Code::kInvalidArgument, "{}: steps ascend, but {} follows {}", place, step.step,
                   evidence.steps.back().step);
    }
    evidence.steps.push_back(std::move(step));
  }
  MODELYARD_TRY(reader.finish());
  return evidence;
}

}  // namespace modelyard::rollout
