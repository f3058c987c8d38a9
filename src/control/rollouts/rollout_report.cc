#include "control/rollouts/rollout_report.h"

#include <algorithm>
#include <cmath>

#include "rollout/machine/looking.h"

namespace modelyard::control {
namespace {

Json arm_json(const rollout::ArmEvidence& arm) {
  return {{"requests", rollout::total(arm.requests)},
          {"failures", rollout::total(arm.failures)},
          {"timeouts", rollout::total(arm.timeouts)},
          {"nonfinite", rollout::total(arm.nonfinite)}};
}

Json finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json point_json(const rollout::CoursePoint& point) {
  return {{"at", format_utc(point.at)},
          {"weight", point.weight},
          {"candidate_samples", point.candidate_samples},
          {"stable_samples", point.stable_samples},
          {"estimate", finite(point.estimate)},
          {"low", finite(point.low)},
          {"high", finite(point.high)},
          {"outcome", rollout::outcome_name(point.outcome)}};
}

std::string_view unit_of_reward(const Rollout& rollout, const rollout::Course& course) {
  return rollout.reward && rollout.reward->text == course.gate ? rollout::course_unit(*rollout.reward) : "plain";
}

Json course_json(const Rollout& rollout, const rollout::Course& course) {
  const auto gate = std::ranges::find(rollout.gates, course.gate, &rollout::Gate::text);
  Json points = Json::array();
  for (const rollout::CoursePoint& point : course.points) points.push_back(point_json(point));
  return {{"gate", course.gate},
          {"unit", gate == rollout.gates.end() ? unit_of_reward(rollout, course) : rollout::course_unit(*gate)},
          {"limit", finite(course.limit)},
          {"points", std::move(points)}};
}

}  // namespace

std::string text_of_kept(const KeptEvidence& kept) {
  Json document = rollout::to_json(kept.evidence.all());
  document["courses"] = to_json(kept.courses);
  document["windows"] = kept.evidence.windows_json();
  return document.dump();
}

Result<KeptEvidence> parse_kept_evidence(const std::string& text) {
  KeptEvidence kept;
  constexpr std::size_t kMostKeptBytes = 256u << 20;  // a hundred steps in four windows
  if (text.empty()) return kept;
  MODELYARD_ASSIGN(Json document, parse_json(text, {.max_bytes = kMostKeptBytes}));
  if (document.is_object() && document.contains("courses")) {
    MODELYARD_ASSIGN(kept.courses, rollout::parse_courses(document["courses"], "evidence.courses"));
    document.erase("courses");
  }
  if (document.is_object() && document.contains("windows")) {
    MODELYARD_TRY(kept.evidence.parse_windows(document["windows"], "evidence.windows"));
    document.erase("windows");
  }
  MODELYARD_ASSIGN(kept.evidence.all(), rollout::parse_evidence(document, "evidence"));
  return kept;
}

Json report_rollout(const Rollout& rollout, const KeptEvidence& kept) {
  Json split = Json::array(), gates = Json::array();
  for (const rollout::StepEvidence& step : kept.evidence.all().steps) {
    split.push_back({{"step", step.step},
                     {"planned", rollout::planned_share(rollout.spec, step.step)},
                     {"candidate", arm_json(step.candidate)},
                     {"stable", arm_json(step.stable)}});
  }
  for (const rollout::Course& course : kept.courses.all()) gates.push_back(course_json(rollout, course));
  const rollout::SplitVerdict srm = rollout::judge_split(rollout.spec, kept.evidence.all());
  return {{"rollout", to_json(rollout)},
          {"split", std::move(split)},
          {"srm", {{"is_judged", srm.is_judged}, {"is_mismatch", srm.is_mismatch}, {"because", srm.because}}},
          {"gates", std::move(gates)}};
}

}  // namespace modelyard::control
