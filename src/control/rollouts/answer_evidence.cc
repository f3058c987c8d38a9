#include "control/rollouts/answer_evidence.h"

#include <algorithm>

#include "lifecycle/recording.h"
#include "monitoring/accuracy/evaluation.h"
#include "rollout/assignment.h"
#include "rollout/gates/rewards.h"
#include "rollout/machine/looking.h"

namespace modelyard::control {
namespace {

// Whose value a captured prediction keeps.
constexpr std::string_view kCapturedHeader = "Modelyard-Unit";

bool is_of_classes(monitoring::Task task) {
  return task == monitoring::Task::kBinary || task == monitoring::Task::kMulticlass;
}

}  // namespace

bool names_captured_unit(std::string_view header) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(header, kCapturedHeader, {}, lower, lower);
}

std::optional<int> AnswerEvidence::step_of(registry::Revision plan) {
  const auto known = steps_.find(plan);
  if (known != steps_.end()) return known->second;
  std::optional<int>& step = steps_[plan];
  registry::PlanRecord record;
  const Status read = catalog_.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(record, reader.plan(rollout_.record.endpoint, plan));
    return ok();
  });
  if (!read) return std::nullopt;  // let go since
  const auto document = parse_json(record.plan);
  if (!document) return std::nullopt;
  const auto parsed =
      rollout::parse_traffic_plan(*document, rollout_.record.endpoint, rollout_.record.model, record.revision);
  if (!parsed || parsed->salt != salt_of(rollout_)) return std::nullopt;
  const auto share = std::ranges::find(parsed->shares, rollout_.spec.candidate, &rollout::Share::version);
  if (share != parsed->shares.end()) step = rollout::step_with_share(rollout_.spec, share->weight);
  return step;
}

std::uint64_t AnswerEvidence::unit_hash(const AnswerOrigin& answer) const {
  const rollout::KeyKind by = rollout_.spec.sticky.by;
  const std::string_view key = by == rollout::KeyKind::kPrincipal ? answer.principal
                               : by == rollout::KeyKind::kHeader  ? answer.unit
                                                                  : std::string_view();
  return rollout::point_of(salt_of(rollout_), key.empty() ? answer.prediction.text() : std::string(key));
}

Result<bool> AnswerEvidence::add(const AnswerOrigin& answer, std::string_view metric, double value) {
  const bool is_candidate = answer.arm == rollout::arm_name(rollout::Arm::kCandidate);
  if (!is_candidate && answer.arm != rollout::arm_name(rollout::Arm::kStable)) return false;
  if (answer.version != (is_candidate ? rollout_.spec.candidate : *rollout_.spec.stable)) return false;
  const auto step = step_of(answer.plan_revision);
  if (!step) return false;
  rollout::StepEvidence& counted = rollout::step_of(evidence_, *step);
  MODELYARD_TRY(
      rollout::add_metric(is_candidate ? counted.candidate : counted.stable, metric, unit_hash(answer), value));
  return true;
}

std::vector<std::string> judged_by_labels(const rollout::RolloutSpec& spec, std::span<const rollout::Gate> gates) {
  std::vector<std::string> judged;
  const auto reward = rollout::reward_of(spec);
  if (reward && reward->metric == kAccuracy) judged.push_back(rollout::reward_line(reward->metric));
  for (const rollout::Gate& gate : gates) {
    if (gate.signal == rollout::Signal::kAccuracy) judged.push_back(gate.text);
  }
  return judged;
}

Status check_labels_can_come(registry::CatalogReader& reader, const registry::EndpointRecord& endpoint,
                             const rollout::RolloutSpec& spec) {
  MODELYARD_ASSIGN(const Json journal, parse_json(endpoint.wants.journal));
  MODELYARD_ASSIGN(const lifecycle::Recording recording, lifecycle::parse_recording(journal));
  if (!recording.capture || recording.capture->share == 0) {
    return error(Code::kFailedPrecondition,
                 "gates on accuracy join labels with captured answers, and endpoint '{0}' captures none; begin with: "
                 "modelyard record {0} capture.share=1",
                 endpoint.name);
  }
  if (spec.sticky.by == rollout::KeyKind::kHeader && !names_captured_unit(spec.sticky.header)) {
    return error(Code::kFailedPrecondition,
                 "sticky: captured answers tell users apart by {}, not by {}: gates on accuracy need the former, "
                 "'principal' or 'none'",
                 kCapturedHeader, spec.sticky.header);
  }
  MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.evaluation));
  MODELYARD_ASSIGN(const monitoring::Evaluation wanted, monitoring::parse_evaluation(document));
  MODELYARD_ASSIGN(const auto version, reader.version({endpoint.model, spec.candidate}));
  MODELYARD_ASSIGN(const auto signature, inference::parse_signature(version.document.signature));
  MODELYARD_ASSIGN(const monitoring::Evaluation evaluation, monitoring::complete(wanted, signature));
  if (is_of_classes(*evaluation.task)) return ok();
  return error(Code::kFailedPrecondition,
               "gates on accuracy are of classes, and the answers of endpoint '{}' are judged as {}", endpoint.name,
               monitoring::task_name(*evaluation.task));
}

}  // namespace modelyard::control
