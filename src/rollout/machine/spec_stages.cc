#include "rollout/machine/spec_stages.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/ranges.h>

#include "base/duration.h"
#include "rollout/gates/rewards.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> kKinds{"shadow", "canary", "experiment", "bandit"};
constexpr std::string_view kImmediate = "immediate";
constexpr std::size_t kMostStages = 10, kMostSteps = 100;

bool compares_arms(StageKind kind) {
  return kind == StageKind::kExperiment || kind == StageKind::kBandit;
}

std::optional<StageKind> parse_stage_kind(std::string_view name) {
  const auto known = std::ranges::find(kKinds, name);
  return known == kKinds.end() ? std::nullopt : std::optional(static_cast<StageKind>(known - kKinds.begin()));
}

Result<Step> paced(StageKind kind, const Pace& pace, const ObjectReader& fields) {
  const bool is_long = compares_arms(kind);  // days differ, from each other and from nights
  Step step;
  step.hold = pace.hold.value_or(is_long ? 24h : 5min);
  const std::chrono::seconds usual = is_long ? std::chrono::days(14) : std::chrono::days(1);
  const std::chrono::seconds twice = std::chrono::ceil<std::chrono::minutes>(2 * step.hold);
  step.most_duration = pace.most_duration.value_or(std::min(std::max(usual, twice), kMostDuration));
  step.min_samples = pace.min_samples.value_or(100);
  if (step.most_duration > 0s && step.most_duration >= step.hold) return step;
  return refuse_field(fields, "most_duration",
                      fmt::format("{} ends the step before its hold of {}: write a longer one",
                                  format_duration(step.most_duration), format_duration(step.hold)));
}

Result<Step> parse_step(const Json& value, const std::string& path, Pace pace, const std::vector<std::string>& gates) {
  const Json plain = {{"weight", value}};
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value.is_object() ? value : plain, path));
  MODELYARD_TRY(read_pace(fields, pace));
  MODELYARD_ASSIGN(Step step, paced(StageKind::kCanary, pace, fields));
  const Json* const weight = fields.optional_any("weight");
  if (!weight) return refuse_field(fields, "weight", "is missing: the candidate's percent of requests");
  MODELYARD_ASSIGN(step.weight, parse_percent(*weight, value.is_object() ? fields.path_of("weight") : path));
  step.gates = gates;
  MODELYARD_TRY(read_lines(fields, "gates", step.gates));
  MODELYARD_ASSIGN(const auto pause, fields.optional_boolean("pause"));
  step.pause = pause.value_or(false);
  MODELYARD_TRY(fields.finish());
  return step;
}

Status read_canary(ObjectReader& fields, const Pace& pace, const std::vector<std::string>& gates, Stage& stage) {
  MODELYARD_ASSIGN(const Json* const steps, fields.optional_array("steps"));
  if (!steps || steps->empty() || steps->size() > kMostSteps) {
    return refuse_field(fields, "steps",
                        fmt::format("write 1 to {} weights in percent, like [1, 5, 25, 50]", kMostSteps));
  }
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", fields.path_of("steps"), i);
    MODELYARD_ASSIGN(Step step, parse_step((*steps)[i], path, pace, gates));
    if (!stage.steps.empty() && step.weight <= stage.steps.back().weight) {
      return error(Code::kInvalidArgument, "{}: weights ascend, and {} % does not come after {} %", path,
                   step.weight / 100.0, stage.steps.back().weight / 100.0);
    }
    stage.steps.push_back(std::move(step));
  }
  return ok();
}

Status read_metric(ObjectReader& fields, std::string_view key, std::string_view example, Stage& stage) {
  MODELYARD_ASSIGN(const auto metric, fields.optional_string(key));
  if (!metric) return refuse_field(fields, key, fmt::format("is missing: write what decides, like \"{}\"", example));
  MODELYARD_TRY(check_line(*metric, fields.path_of(key)));
  stage.metric = *metric;
  return ok();
}

Status read_split(ObjectReader& fields, Stage& stage, Step& step) {
  step.weight = kWhole / 2;
  MODELYARD_TRY(read_percent(fields, "weight", step.weight));
  if (step.weight == kWhole)
    return refuse_field(fields, "weight", "leaves nothing to compare with: write less than 100");
  if (stage.kind == StageKind::kExperiment) {
    MODELYARD_TRY(read_lines(fields, "guardrails", step.gates));
    return read_metric(fields, "metric", "conversion >= stable - 0.5% at 95%", stage);
  }
  stage.floor = kWhole / 20;
  MODELYARD_TRY(read_percent(fields, "floor", stage.floor));
  if (stage.floor > step.weight || stage.floor > kWhole - step.weight) {
    return refuse_field(fields, "floor", "the weight leaves one of the versions less than it");
  }
  if (2 * stage.floor == kWhole)
    return refuse_field(fields, "floor", "leaves nothing to share out: write less than 50");
  MODELYARD_TRY(read_metric(fields, "reward", "conversion", stage));
  if (is_reward_name(stage.metric)) return ok();
  return refuse_field(fields, "reward",
                      fmt::format("'{}' is no name of a metric: write 1 to {} of a-z, 0-9, '_', '.' and '-', like "
                                  "conversion, or accuracy for labels",
                                  stage.metric, Gate::kLongestMetric));
}

// Everything of a stage but what it inherits; the gates are those that all of its steps have.
Result<Stage> read_stage(ObjectReader& fields, StageKind kind, const Pace& pace, std::vector<std::string> gates) {
  Stage stage;
  stage.kind = kind;
  if (kind == StageKind::kCanary) {
    MODELYARD_TRY(read_canary(fields, pace, gates, stage));
    return stage;
  }
  MODELYARD_ASSIGN(Step step, paced(kind, pace, fields));
  step.gates = std::move(gates);
  if (kind == StageKind::kShadow) {
    stage.share = kWhole;
    MODELYARD_TRY(read_percent(fields, "share", stage.share));
    MODELYARD_ASSIGN(const auto tolerance, fields.optional_number("tolerance"));
    stage.tolerance = tolerance.value_or(Shadow().tolerance);
    if (!(stage.tolerance >= 0 && stage.tolerance <= 1)) {
      return refuse_field(fields, "tolerance", "write how far numbers may lie from each other, 0 to 1, like 0.001");
    }
  } else {
    MODELYARD_TRY(read_split(fields, stage, step));
  }
  stage.steps.push_back(std::move(step));
  return stage;
}

Result<Stage> parse_stage(const Json& value, const std::string& path, Pace pace) {
  const auto kind = value.is_object() && value.size() == 1 ? parse_stage_kind(value.begin().key()) : std::nullopt;
  if (!kind) {
    return error(Code::kInvalidArgument, "{}: expected an object with one of {}", path, fmt::join(kKinds, ", "));
  }
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value.begin().value(), path + "." + value.begin().key()));
  MODELYARD_TRY(read_pace(fields, pace));
  std::vector<std::string> gates;
  MODELYARD_TRY(read_lines(fields, "gates", gates));
  MODELYARD_ASSIGN(Stage stage, read_stage(fields, *kind, pace, std::move(gates)));
  MODELYARD_TRY(fields.finish());
  return stage;
}

// A caller who met the candidate keeps it: no stage takes back what the one before gave.
Status check_order(const std::vector<Stage>& stages, const ObjectReader& document) {
  for (std::size_t i = 1; i < stages.size(); ++i) {
    const int before = stages[i - 1].steps.back().weight, weight = stages[i].steps.front().weight;
    const std::string stage = fmt::format("stages[{}]", i);
    if (weight < before) {
      return refuse_field(document, stage,
                          fmt::format("{} begins with {} % and the stage before ends with {} %: weights ascend",
                                      stage_kind_name(stages[i].kind), weight / 100.0, before / 100.0));
    }
    if (stages[i - 1].kind == StageKind::kBandit) {
      return refuse_field(document, stage, "a bandit moves the weight by itself: it is the last stage");
    }
  }
  return ok();
}

Result<std::vector<Stage>> parse_stages(const Json& list, const ObjectReader& document, const Pace& inherited) {
  if (list.empty() || list.size() > kMostStages) {
    return refuse_field(document, "stages", fmt::format("write 1 to {} stages, or strategy: immediate", kMostStages));
  }
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", document.path_of("stages"), i);
    MODELYARD_ASSIGN(Stage stage, parse_stage(list[i], path, inherited));
    stages.push_back(std::move(stage));
  }
  MODELYARD_TRY(check_order(stages, document));
  return stages;
}

Json step_json(const Step& step) {
  return {{"hold", format_duration(step.hold)},
          {"most_duration", format_duration(step.most_duration)},
          {"min_samples", step.min_samples}};
}

Json canary_json(const Stage& stage) {
  Json steps = Json::array();
  for (const Step& step : stage.steps) {
    Json json = step_json(step);
    json.update({{"weight", percent_json(step.weight)}, {"gates", step.gates}, {"pause", step.pause}});
    steps.push_back(std::move(json));
  }
  return {{"steps", std::move(steps)}};
}

Json stage_json(const Stage& stage) {
  if (stage.kind == StageKind::kCanary) return canary_json(stage);
  const Step& step = stage.steps.front();
  Json json = step_json(step);
  json[stage.kind == StageKind::kExperiment ? "guardrails" : "gates"] = step.gates;
  if (stage.kind == StageKind::kShadow) {
    json["share"] = percent_json(stage.share);
    json["tolerance"] = stage.tolerance;
    return json;
  }
  json["weight"] = percent_json(step.weight);
  json[stage.kind == StageKind::kExperiment ? "metric" : "reward"] = stage.metric;
  if (stage.kind == StageKind::kBandit) json["floor"] = percent_json(stage.floor);
  return json;
}

}  // namespace

std::string_view stage_kind_name(StageKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

Result<std::vector<Stage>> read_stages(ObjectReader& document, const Pace& inherited) {
  MODELYARD_ASSIGN(const Json* const list, document.optional_array("stages"));
  MODELYARD_ASSIGN(const auto strategy, document.optional_string("strategy"));
  if (list && strategy) return refuse_field(document, "strategy", "stands beside stages: write one of them");
  if (list) return parse_stages(*list, document, inherited);
  if (strategy == kImmediate) return std::vector<Stage>();
  const auto kind = strategy ? parse_stage_kind(*strategy) : std::nullopt;
  if (!kind) {
    return refuse_field(document, "strategy",
                        fmt::format("{}write {}, {}, or stages: [...]",
                                    strategy ? fmt::format("'{}' is not known: ", *strategy) : "is missing: ",
                                    kImmediate, fmt::join(kKinds, ", ")));
  }
  MODELYARD_ASSIGN(Stage stage, read_stage(document, *kind, inherited, {}));
  return std::vector<Stage>{std::move(stage)};
}

Json stages_json(const std::vector<Stage>& stages) {
  Json list = Json::array();
  for (const Stage& stage : stages) list.push_back(Json::object({{stage_kind_name(stage.kind), stage_json(stage)}}));
  return list;
}

}  // namespace modelyard::rollout
