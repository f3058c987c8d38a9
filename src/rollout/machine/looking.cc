#include "rollout/machine/looking.h"

#include <algorithm>

#include "rollout/gates/judge.h"
#include "rollout/machine/traffic.h"

namespace modelyard::rollout {
namespace {

int steps_before(const RolloutSpec& spec, std::size_t stage) {
  std::size_t steps = 0;
  for (std::size_t i = 0; i < stage && i < spec.stages.size(); ++i) steps += spec.stages[i].steps.size();
  return static_cast<int>(steps);
}

}  // namespace

std::vector<std::string> all_gates(const RolloutSpec& spec) {
  std::vector<std::string> lines = spec.gates;
  for (std::size_t stage = 0; stage < spec.stages.size(); ++stage) {
    for (std::size_t step = 0; step < spec.stages[stage].steps.size(); ++step) {
      for (std::string& line : gates_of(spec, stage, step)) {
        if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
      }
    }
  }
  return lines;
}

std::vector<std::string> gates_in_force(const RolloutSpec& spec, const RolloutState& state) {
  if (spec.stages.empty()) return spec.gates;
  return gates_of(spec, state.stage, state.step);
}

int count_steps(const RolloutSpec& spec) {
  return steps_before(spec, spec.stages.size());
}

std::optional<int> counted_step(const RolloutSpec& spec, const RolloutState& state) {
  const Traffic traffic = traffic_of(spec, state);
  if (traffic.candidate_weight == 0 && traffic.shadow_share == 0) return std::nullopt;
  if (traffic.candidate_weight == kWhole) return count_steps(spec);
  return steps_before(spec, state.stage) + static_cast<int>(state.step);
}

double planned_share(const RolloutSpec& spec, int step) {
  auto left = static_cast<std::size_t>(step);
  for (const Stage& stage : spec.stages) {
    if (left < stage.steps.size()) return static_cast<double>(stage.steps[left].weight) / kWhole;
    left -= stage.steps.size();
  }
  return 1;
}

std::optional<int> step_with_share(const RolloutSpec& spec, int weight) {
  int place = 0;
  for (const Stage& stage : spec.stages) {
    for (const Step& step : stage.steps) {
      if (step.weight == weight) return place;
      ++place;
    }
  }
  return weight == kWhole ? std::optional(place) : std::nullopt;
}

std::uint64_t candidate_requests(const Evidence& evidence, int step) {
  const auto found = std::ranges::find(evidence.steps, step, &StepEvidence::step);
  return found == evidence.steps.end() ? 0 : total(found->candidate.requests);
}

SplitVerdict judge_split(const RolloutSpec& spec, const Evidence& evidence) {
  std::vector<StepSplit> steps;
  for (const StepEvidence& step : evidence.steps) {
    steps.push_back({planned_share(spec, step.step), step.units.levels()});
  }
  return judge_split(steps);
}

std::vector<Verdict> judge_evidence(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                                    const Evidence& evidence) {
  auto verdicts = judge_all(
      gates, [&](const Gate&) -> const Evidence& { return evidence; }, spec.alpha, judge_split(spec, evidence));
  const std::vector<std::string> asked = gates_in_force(spec, state);
  std::erase_if(verdicts,
                [&](const Verdict& verdict) { return std::ranges::find(asked, verdict.gate) == asked.end(); });
  return verdicts;
}

void see_evidence(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                  const Evidence& evidence, Look& look) {
  const auto step = counted_step(spec, state);
  if (!step) return;
  look.candidate_samples = candidate_requests(evidence, *step);
  const auto found = std::ranges::find(evidence.steps, *step, &StepEvidence::step);
  look.shadow_samples = found == evidence.steps.end() ? 0 : total(found->pairs.compared);
  look.verdicts = judge_evidence(spec, state, gates, evidence);
}

}  // namespace modelyard::rollout
