#include "control/rollouts/rollout_plan.h"

#include <algorithm>
#include <set>

#include "rollout/gates/evidence.h"
#include "rollout/gates/windows.h"
#include "rollout/machine/looking.h"
#include "rollout/machine/spec_signals.h"
#include "rollout/machine/traffic.h"

namespace modelyard::control {
namespace {

using rollout::Phase;
using rollout::Signal;

bool is_counted_here(Signal signal) {
  switch (signal) {
    case Signal::kErrorRate:
    case Signal::kTimeoutRate:
    case Signal::kNonfiniteRate:
    case Signal::kDisagreement:
    case Signal::kLatency:
    case Signal::kAccuracy:
    case Signal::kMetric:
    case Signal::kExternal: return true;
    case Signal::kOutputDistance: break;
  }
  return false;
}

// A candidate that is not ready, or backs out, answers nobody, whoever is to have it.
bool forces_arms(const rollout::RolloutState& state) {
  return rollout::contains(rollout::kStagePhases | rollout::set_of(Phase::kFull), rollout::place_of(state));
}

void add_overrides(const rollout::RolloutSpec& spec, rollout::TrafficPlan& plan) {
  for (const rollout::ArmOverride& rule : spec.overrides) {
    const bool is_candidate = rule.arm == rollout::Arm::kCandidate;
    plan.overrides.push_back({rule.key, rule.value, is_candidate ? spec.candidate : *spec.stable});
  }
}

Status check_gate(const rollout::Gate& gate) {
  if (gate.signal == Signal::kMetric && gate.metric == "accuracy") {
    return error(Code::kInvalidArgument, "gate '{}': accuracy comes from labels, and is written without 'metric:'",
                 gate.text);
  }
  if (!is_counted_here(gate.signal)) {
    return error(Code::kUnimplemented,
                 "gate '{}': {} is not counted by this server yet; error_rate, timeout_rate, nonfinite_rate, "
                 "disagreement, accuracy, metrics, external signals and latencies are",
                 gate.text, rollout::signal_text(gate));
  }
  if (gate.window && gate.on_no_data != rollout::OnNoData::kHold) {
    return error(Code::kInvalidArgument,
                 "gate '{}': a window is empty now and then, so that 'nodata' would decide by chance; leave out one of "
                 "'over' and 'nodata'",
                 gate.text);
  }
  if (!gate.window || gate.signal != Signal::kAccuracy) return ok();
  return error(Code::kInvalidArgument,
               "gate '{}': labels come late, so that a window of time says nothing of them; leave out 'over'",
               gate.text);
}

Status check_windows(std::span<const rollout::Gate> gates) {
  std::set<std::chrono::seconds> lengths;
  for (const rollout::Gate& gate : gates) {
    if (gate.window) lengths.insert(*gate.window);
  }
  if (lengths.size() <= rollout::WindowedEvidence::kMostWindows) return ok();
  return error(Code::kInvalidArgument, "gates: {} different windows ('over'): write at most {}", lengths.size(),
               rollout::WindowedEvidence::kMostWindows);
}

// A copy waits in another queue than its original, and only copies are compared.
Status check_shadow_gates(const rollout::RolloutSpec& spec, std::span<const rollout::Gate> gates) {
  std::vector<std::string> of_shadows;
  bool has_shadow = false;
  for (std::size_t stage = 0; stage < spec.stages.size(); ++stage) {
    if (spec.stages[stage].kind != rollout::StageKind::kShadow) continue;
    has_shadow = true;
    std::ranges::move(rollout::gates_of(spec, stage, 0), std::back_inserter(of_shadows));
  }
  for (const rollout::Gate& gate : gates) {
    if (gate.signal == Signal::kDisagreement && !has_shadow) {
      return error(Code::kInvalidArgument,
                   "gate '{}': nothing is compared without a stage 'shadow'; put one before the others", gate.text);
    }
    if (std::ranges::find(of_shadows, gate.text) == of_shadows.end()) continue;
    if (gate.signal == Signal::kAccuracy || gate.signal == Signal::kMetric) {
      return error(Code::kInvalidArgument,
                   "gate '{}': nobody sees what a shadow answers, so that nobody labels or measures it; write the gate "
                   "under the stages that answer",
                   gate.text);
    }
    if (gate.signal != Signal::kLatency && gate.signal != Signal::kTimeoutRate) continue;
    return error(Code::kInvalidArgument,
                 "gate '{}': a shadow's copies wait in a queue of their own, so that their latency says nothing; write "
                 "the gate under the stages that answer",
                 gate.text);
  }
  return ok();
}

}  // namespace

Result<Rollout> parse_rollout(registry::RolloutRecord record) {
  Rollout rollout;
  MODELYARD_ASSIGN(const Json spec, parse_json(record.spec));
  MODELYARD_ASSIGN(rollout.spec, rollout::parse_rollout_spec(spec));
  MODELYARD_ASSIGN(const Json state, parse_json(record.state));
  MODELYARD_ASSIGN(rollout.state, rollout::parse_rollout_state(state, rollout.spec));
  MODELYARD_ASSIGN(rollout.gates, rollout::parse_gates(rollout::all_gates(rollout.spec)));
  rollout.reward = rollout::reward_of(rollout.spec);
  rollout.record = std::move(record);
  return rollout;
}

std::string salt_of(const Rollout& rollout) {
  return fmt::format("rollout-{}", rollout.record.id);
}

rollout::TrafficPlan plan_of(const Rollout& rollout) {
  const rollout::Traffic traffic = rollout::traffic_of(rollout.spec, rollout.state);
  const VersionNumber stable = *rollout.spec.stable, candidate = rollout.spec.candidate;
  if (rollout.state.phase == Phase::kDone) {
    return rollout::whole_to(rollout.record.endpoint, rollout.record.model, candidate);
  }
  rollout::TrafficPlan plan = rollout::whole_to(rollout.record.endpoint, rollout.record.model, stable);
  if (!traffic.keeps_candidate) return plan;
  plan.stable = stable;
  plan.salt = salt_of(rollout);
  plan.sticky = rollout.spec.sticky;
  plan.falls_back = traffic.falls_back;
  // Promoted is everybody, not only who was in the slice.
  if (rollout.state.phase != Phase::kFull) plan.layer = rollout.spec.layer;
  if (forces_arms(rollout.state)) add_overrides(rollout.spec, plan);
  plan.shares.clear();
  for (const auto& [version, weight] :
       {std::pair{stable, rollout::kWhole - traffic.candidate_weight}, {candidate, traffic.candidate_weight}}) {
    if (weight > 0) plan.shares.push_back({version, weight});
    if (weight == 0 && (version == stable || traffic.shadow_share == 0)) plan.warm.push_back(version);
  }
  if (traffic.shadow_share > 0) {
    plan.shadows.push_back({candidate, traffic.shadow_share, rollout.spec.stages[rollout.state.stage].tolerance});
  }
  std::ranges::sort(plan.shares, {}, &rollout::Share::version);
  return plan;
}

Status check_supported(const rollout::RolloutSpec& spec) {
  constexpr int kMostSteps = rollout::Evidence::kMostSteps - 1;  // one more for what is seen behind the last
  if (rollout::count_steps(spec) > kMostSteps) {
    return error(Code::kInvalidArgument, "stages: at most {} steps in all; a bandit has one for each of its weights",
                 kMostSteps);
  }
  MODELYARD_ASSIGN(const auto gates, rollout::parse_gates(rollout::all_gates(spec)));
  for (const rollout::Gate& gate : gates) MODELYARD_TRY(check_gate(gate));
  MODELYARD_TRY(check_windows(gates));
  MODELYARD_TRY(rollout::check_signals(spec, gates));
  return check_shadow_gates(spec, gates);
}

Status refuse_while_rolling_out(registry::CatalogReader& reader, std::string_view endpoint) {
  MODELYARD_ASSIGN(const auto live, reader.live_rollouts());
  const auto mine = std::ranges::find(live, endpoint, &registry::RolloutRecord::endpoint);
  if (mine == live.end()) return ok();
  return error(Code::kFailedPrecondition,
               "rollout {} decides what endpoint '{}' serves; abort or promote it first (modelyard rollout abort {})",
               mine->id, endpoint, mine->id);
}

Json to_json(const Rollout& rollout) {
  return {{"id", rollout.record.id},
          {"endpoint", rollout.record.endpoint},
          {"model", rollout.record.model},
          {"live", rollout.record.live},
          {"created", format_utc(rollout.record.created)},
          {"actor", rollout.record.actor},
          {"weight", rollout::traffic_of(rollout.spec, rollout.state).candidate_weight},
          {"spec", rollout::to_json(rollout.spec)},
          {"state", rollout::to_json(rollout.state)}};
}

}  // namespace modelyard::control
