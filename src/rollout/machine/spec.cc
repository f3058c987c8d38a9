#include "rollout/machine/spec.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "rollout/machine/spec_fields.h"
#include "rollout/machine/spec_signals.h"
#include "rollout/machine/spec_stages.h"

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

Status read_versions(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_ASSIGN(spec.candidate, document.integer("candidate"));
  MODELYARD_ASSIGN(spec.stable, document.optional_integer("stable"));
  if (spec.candidate < 1) return refuse_field(document, "candidate", "is the number of a version, from 1");
  if (spec.stable && *spec.stable < 1) return refuse_field(document, "stable", "is the number of a version, from 1");
  if (spec.stable != spec.candidate) return ok();
  return refuse_field(document, "candidate",
                      fmt::format("version {} is the stable one: name a newer one", spec.candidate));
}

Status read_span(ObjectReader& document, std::string_view key, std::chrono::seconds least,
                 std::chrono::seconds& duration) {
  std::optional<std::chrono::seconds> given;
  MODELYARD_TRY(read_duration(document, key, given));
  duration = given.value_or(duration);
  return duration >= least ? ok() : Status(refuse_field(document, key, "is at least " + format_duration(least)));
}

Status read_times(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_TRY(read_span(document, "ready_within", 1s, spec.ready_within));
  MODELYARD_TRY(read_span(document, "keep_warm", 0s, spec.keep_warm));
  MODELYARD_TRY(read_span(document, "cooling", 0s, spec.cooling));
  MODELYARD_TRY(read_span(document, "tick", 1s, spec.tick));
  return spec.tick <= 1h ? ok() : Status(refuse_field(document, "tick", "is at most 1h"));
}

Status read_judging(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_TRY(read_lines(document, "gates", spec.gates));
  MODELYARD_ASSIGN(const auto alpha, document.optional_number("alpha"));
  spec.alpha = alpha.value_or(spec.alpha);
  if (!(spec.alpha >= 1e-6 && spec.alpha <= 0.5)) {
    return refuse_field(document, "alpha", "is a chance from 0.000001 to 0.5, like 0.05");
  }
  MODELYARD_ASSIGN(const auto action, document.optional_string("on_inconclusive"));
  if (action && *action != "hold" && *action != "abort") {
    return refuse_field(document, "on_inconclusive", fmt::format("'{}' is not known: write hold or abort", *action));
  }
  spec.on_inconclusive = action == "abort" ? OnInconclusive::kAbort : OnInconclusive::kHold;
  return ok();
}

Status read_key(ObjectReader& fields, std::string_view field, const std::string& text, RequestKey& key) {
  auto parsed = parse_request_key(text);
  if (!parsed) return refuse_field(fields, field, parsed.error().message());
  key = *std::move(parsed);
  return ok();
}

Status read_override(const Json& value, const std::string& path, ArmOverride& rule) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(const std::string key, fields.string("key"));
  MODELYARD_TRY(read_key(fields, "key", key, rule.key));
  if (rule.key.by == KeyKind::kNone) return refuse_field(fields, "key", "write header:NAME or principal");
  MODELYARD_ASSIGN(rule.value, fields.string("value"));
  if (rule.value.empty() || rule.value.size() > kLongestKey) {
    return refuse_field(fields, "value", fmt::format("has 1 to {} bytes", kLongestKey));
  }
  MODELYARD_ASSIGN(const std::string arm, fields.string("arm"));
  const bool is_candidate = arm == arm_name(Arm::kCandidate);
  if (!is_candidate && arm != arm_name(Arm::kStable)) {
    return refuse_field(fields, "arm", fmt::format("'{}' is not known: write candidate or stable", arm));
  }
  rule.arm = is_candidate ? Arm::kCandidate : Arm::kStable;
  return fields.finish();
}

Status read_overrides(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_ASSIGN(const Json* const list, document.optional_array("overrides"));
  if (!list) return ok();
  if (list->size() > kMostOverrides) {
    return refuse_field(document, "overrides", fmt::format("at most {}", kMostOverrides));
  }
  spec.overrides.resize(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    MODELYARD_TRY(
        read_override((*list)[i], fmt::format("{}[{}]", document.path_of("overrides"), i), spec.overrides[i]));
  }
  return ok();
}

Status read_edge(ObjectReader& fields, std::string_view key, Zero zero, int& part) {
  const Json* const value = fields.optional_any(key);
  MODELYARD_ASSIGN(part, parse_percent(value ? *value : Json(), fields.path_of(key), zero));
  return ok();
}

// Pre: sticky has been read.
Status read_layer(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_ASSIGN(const Json* const value, document.optional_object("layer"));
  if (!value) return ok();
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(*value, document.path_of("layer")));
  Layer layer;
  MODELYARD_ASSIGN(layer.name, fields.string("name"));
  if (layer.name.empty() || layer.name.size() > kLongestKey) {
    return refuse_field(fields, "name", fmt::format("has 1 to {} bytes", kLongestKey));
  }
  MODELYARD_TRY(read_edge(fields, "from", Zero::kTaken, layer.from));
  MODELYARD_TRY(read_edge(fields, "to", Zero::kRefused, layer.to));
  if (layer.from >= layer.to) return refuse_field(fields, "to", "the slice is empty: write more than 'from'");
  if (spec.sticky.by == KeyKind::kNone) {
    return refuse_field(document, "layer", "a slice is one of units, and sticky 'none' tells them not apart");
  }
  spec.layer = std::move(layer);
  return fields.finish();
}

Status read_serving(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_ASSIGN(const auto fallback, document.optional_boolean("fallback"));
  spec.fallback = fallback.value_or(false);
  MODELYARD_ASSIGN(const auto sticky, document.optional_string("sticky"));
  if (sticky) MODELYARD_TRY(read_key(document, "sticky", *sticky, spec.sticky));
  MODELYARD_TRY(read_overrides(document, spec));
  MODELYARD_TRY(read_layer(document, spec));
  MODELYARD_ASSIGN(const Json* const freeze, document.optional_array("freeze"));
  if (!freeze) return ok();
  MODELYARD_ASSIGN(spec.freeze, parse_freeze(*freeze, document.path_of("freeze")));
  return ok();
}

}  // namespace

Result<RolloutSpec> parse_rollout_spec(const Json& value) {
  RolloutSpec spec;
  Pace pace;
  MODELYARD_ASSIGN(auto document, ObjectReader::open(value, ""));
  MODELYARD_TRY(read_versions(document, spec));
  MODELYARD_TRY(read_pace(document, pace));
  MODELYARD_ASSIGN(spec.stages, read_stages(document, pace));
  MODELYARD_TRY(read_judging(document, spec));
  MODELYARD_TRY(read_times(document, spec));
  MODELYARD_TRY(read_serving(document, spec));
  MODELYARD_TRY(read_signals(document, spec.signals));
  MODELYARD_TRY(document.finish());
  return spec;
}

Json to_json(const RolloutSpec& spec) {
  Json json = {{"candidate", spec.candidate},
               {"gates", spec.gates},
               {"alpha", spec.alpha},
               {"on_inconclusive", spec.on_inconclusive == OnInconclusive::kAbort ? "abort" : "hold"},
               {"ready_within", format_duration(spec.ready_within)},
               {"keep_warm", format_duration(spec.keep_warm)},
               {"cooling", format_duration(spec.cooling)},
               {"tick", format_duration(spec.tick)},
               {"fallback", spec.fallback},
               {"sticky", to_text(spec.sticky)},
               {"overrides", Json::array()},
               {"freeze", Json::array()}};
  for (const ArmOverride& rule : spec.overrides) {
    json["overrides"].push_back({{"key", to_text(rule.key)}, {"value", rule.value}, {"arm", arm_name(rule.arm)}});
  }
  if (spec.layer) {
    json["layer"] = {
        {"name", spec.layer->name}, {"from", percent_json(spec.layer->from)}, {"to", percent_json(spec.layer->to)}};
  }
  for (const FreezeWindow& window : spec.freeze) json["freeze"].push_back(to_json(window));
  if (!spec.signals.empty()) json["signals"] = signals_json(spec.signals);
  if (spec.stable) json["stable"] = *spec.stable;
  if (spec.stages.empty()) {
    json["strategy"] = "immediate";
  } else {
    json["stages"] = stages_json(spec.stages);
  }
  return json;
}

std::vector<std::string> gates_of(const RolloutSpec& spec, std::size_t stage, std::size_t step) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line) {
    if (!line.empty() && std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
  };
  if (spec.stages[stage].kind == StageKind::kExperiment) add(spec.stages[stage].metric);
  for (const std::string& line : spec.stages[stage].steps[step].gates) add(line);
  for (const std::string& line : spec.gates) add(line);
  return lines;
}

}  // namespace modelyard::rollout
