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

Status read_serving(ObjectReader& document, RolloutSpec& spec) {
  MODELYARD_ASSIGN(const auto fallback, document.optional_boolean("fallback"));
  spec.fallback = fallback.value_or(false);
  MODELYARD_ASSIGN(const auto sticky, document.optional_string("sticky"));
  if (sticky) {
    const auto key = parse_request_key(*sticky);
    if (!key) return refuse_field(document, "sticky", key.error().message());
    spec.sticky = *key;
  }
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
               {"freeze", Json::array()}};
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
