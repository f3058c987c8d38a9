#include "rollout/machine/looking.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rollout/gates/judge.h"
#include "rollout/gates/rewards.h"
#include "rollout/machine/bandit_weights.h"
#include "rollout/machine/traffic.h"

namespace modelyard::rollout {
namespace {

// The weights of a stage's places, in their order.
std::vector<int> weights_of(const Stage& stage) {
  if (stage.kind == StageKind::kBandit) return bandit_weights(stage);
  std::vector<int> weights;
  for (const Step& step : stage.steps) weights.push_back(step.weight);
  return weights;
}

int steps_before(const RolloutSpec& spec, std::size_t stage) {
  std::size_t steps = 0;
  for (std::size_t i = 0; i < stage && i < spec.stages.size(); ++i) steps += weights_of(spec.stages[i]).size();
  return static_cast<int>(steps);
}

int last_place(const RolloutSpec& spec, const RolloutState& state, int step) {
  return place_of(state) == Phase::kBandit ? count_steps(spec) - 1 : step;  // a bandit is the last stage
}

void see_rewards(const RolloutSpec& spec, const RolloutState& state, const Evidence& evidence, Look& look) {
  const Stage& stage = spec.stages[state.stage];
  RewardVerdict judged = judge_rewards({stage.metric, stage.steps.front().min_samples}, evidence);
  const SplitVerdict split = judge_split(spec, evidence);
  if (split.is_mismatch) {
    judged.verdict.outcome = Outcome::kSrm;
    judged.verdict.because = split.because;
  } else if (judged.better) {
    look.bandit_weight = stage.floor + static_cast<int>(std::lround(*judged.better * (kWhole - 2 * stage.floor)));
  }
  look.verdicts.insert(look.verdicts.begin(), std::move(judged.verdict));
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

std::optional<Gate> reward_of(const RolloutSpec& spec) {
  const bool has_bandit = !spec.stages.empty() && spec.stages.back().kind == StageKind::kBandit;
  return has_bandit ? gate_like_reward(reward_line(spec.stages.back().metric)) : std::nullopt;
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
  const int before = steps_before(spec, state.stage);
  if (place_of(state) != Phase::kBandit) return before + static_cast<int>(state.step);
  const std::vector<int> weights = weights_of(spec.stages[state.stage]);
  return before + static_cast<int>(std::ranges::find(weights, traffic.candidate_weight) - weights.begin());
}

std::optional<int> steps_behind(const RolloutSpec& spec, const RolloutState& state) {
  const auto now = counted_step(spec, state);
  return now && place_of(state) == Phase::kBandit ? steps_before(spec, state.stage) : now;
}

double planned_share(const RolloutSpec& spec, int step) {
  auto left = static_cast<std::size_t>(step);
  for (const Stage& stage : spec.stages) {
    const std::vector<int> weights = weights_of(stage);
    if (left < weights.size()) return static_cast<double>(weights[left]) / kWhole;
    left -= weights.size();
  }
  return 1;
}

std::optional<int> step_with_share(const RolloutSpec& spec, int weight) {
  int place = 0;
  for (const Stage& stage : spec.stages) {
    for (const int planned : weights_of(stage)) {
      if (planned == weight) return place;
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
                                    const WindowedEvidence& evidence) {
  auto verdicts = judge_all(gates, evidence, spec.alpha, judge_split(spec, evidence.all()));
  const std::vector<std::string> asked = gates_in_force(spec, state);
  std::erase_if(verdicts,
                [&](const Verdict& verdict) { return std::ranges::find(asked, verdict.gate) == asked.end(); });
  return verdicts;
}

void see_evidence(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                  const WindowedEvidence& evidence, Look& look) {
  const auto step = counted_step(spec, state);
  if (!step) return;
  look.candidate_samples = 0;
  for (int place = *steps_behind(spec, state); place <= last_place(spec, state, *step); ++place) {
    look.candidate_samples += candidate_requests(evidence.all(), place);
  }
  const auto found = std::ranges::find(evidence.all().steps, *step, &StepEvidence::step);
  look.shadow_samples = found == evidence.all().steps.end() ? 0 : total(found->pairs.compared);
  look.verdicts = judge_evidence(spec, state, gates, evidence);
  if (place_of(state) == Phase::kBandit) see_rewards(spec, state, evidence.all(), look);
}

}  // namespace modelyard::rollout
