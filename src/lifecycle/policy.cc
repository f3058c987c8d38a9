#include "lifecycle/policy.h"

#include <algorithm>

namespace modelyard::lifecycle {
namespace {

using rollout::TrafficPlan;

void add_versions(const TrafficPlan& plan, std::set<VersionRef>& versions) {
  for (const VersionNumber version : rollout::versions_of(plan)) versions.insert({plan.model, version});
}

bool is_ready(const Situation& situation, const VersionRef& version) {
  const auto found = situation.versions.find(version);
  return found != situation.versions.end() && found->second.phase == VersionPhase::kReady;
}

bool all_ready(const Situation& situation, const TrafficPlan& plan) {
  return std::all_of(plan.shares.begin(), plan.shares.end(),
                     [&](const rollout::Share& share) { return is_ready(situation, {plan.model, share.version}); });
}

std::optional<Action> endpoint_action(const DesiredState& desired, const Situation& situation) {
  const auto desired_plan = [&](const std::string& endpoint) {
    return std::find_if(desired.plans.begin(), desired.plans.end(),
                        [&](const TrafficPlan& plan) { return plan.endpoint == endpoint; });
  };
  for (const auto& [endpoint, plan] : situation.effective) {
    if (desired_plan(endpoint) == desired.plans.end()) return RemoveEndpoint{endpoint};
  }
  for (const TrafficPlan& plan : desired.plans) {
    const auto effective = situation.effective.find(plan.endpoint);
    const bool in_effect = effective != situation.effective.end() && effective->second == plan;
    if (!in_effect && all_ready(situation, plan)) return SwitchEndpoint{plan.endpoint};
  }
  return std::nullopt;
}

bool is_busy(const VersionSituation& state) {
  return is_loading(state.phase) || state.replacement == Replacement::kUnderWay;
}

bool is_busy(const Situation& situation) {
  return std::any_of(situation.versions.begin(), situation.versions.end(),
                     [](const auto& entry) { return is_busy(entry.second); });
}

// Versions of plans come before those that are only kept at hand, and what does not answer before what does.
std::optional<Action> load_action(const DesiredState& desired, const Situation& situation,
                                  const std::set<VersionRef>& wanted) {
  if (is_busy(situation)) return std::nullopt;
  std::set<VersionRef> urgent;
  for (const TrafficPlan& plan : desired.plans) add_versions(plan, urgent);
  for (const std::set<VersionRef>* candidates : {&std::as_const(urgent), &wanted}) {
    for (const VersionRef& version : *candidates) {
      const auto found = situation.versions.find(version);
      if (found == situation.versions.end() || found->second.phase == VersionPhase::kWaiting)
        return LoadVersion{version};
      if (found->second.phase == VersionPhase::kFailed && found->second.retry_at <= situation.now)
        return LoadVersion{version};
    }
  }
  for (const VersionRef& version : wanted) {
    const VersionSituation& state = situation.versions.at(version);
    if (state.replacement == Replacement::kWanted && state.retry_at <= situation.now) return ReplaceVersion{version};
  }
  return std::nullopt;
}

SteadyTime end_of_stay(const DesiredState& desired, const VersionRef& version, SteadyTime unwanted_since) {
  return desired.withdrawn.contains(version) ? unwanted_since : unwanted_since + desired.grace;
}

std::optional<Action> unload_action(const DesiredState& desired, const Situation& situation,
                                    const std::set<VersionRef>& wanted) {
  for (const auto& [version, state] : situation.versions) {
    if (wanted.contains(version)) continue;
    if (state.phase == VersionPhase::kWaiting || state.phase == VersionPhase::kFailed) return DropVersion{version};
    if (state.phase != VersionPhase::kReady || is_busy(state) || !state.unwanted_since) continue;
    if (end_of_stay(desired, version, *state.unwanted_since) <= situation.now) return UnloadVersion{version};
  }
  return std::nullopt;
}

}  // namespace

std::set<VersionRef> wanted_versions(const DesiredState& desired, const std::map<std::string, TrafficPlan>& effective) {
  std::set<VersionRef> wanted(desired.pins.begin(), desired.pins.end());
  std::set<std::string> deployed_models;
  for (const TrafficPlan& plan : desired.plans) {
    add_versions(plan, wanted);
    deployed_models.insert(plan.model);
    const auto current = effective.find(plan.endpoint);
    if (current != effective.end()) add_versions(current->second, wanted);
  }
  for (const auto& [version, names] : desired.aliases) {
    if (deployed_models.contains(version.model)) wanted.insert(version);
  }
  return wanted;
}

std::map<VersionRef, backend::LoadOptions> wanted_options(const DesiredState& desired,
                                                          const backend::LoadOptions& general) {
  std::map<VersionRef, backend::LoadOptions> options;
  for (const TrafficPlan& plan : desired.plans) {
    const auto settings = desired.settings.find(plan.endpoint);
    const int own = settings == desired.settings.end() ? 0 : settings->second->scheduling.intra_op_threads;
    for (const VersionNumber version : rollout::versions_of(plan)) {
      int& threads = options.try_emplace({plan.model, version}, backend::LoadOptions{1}).first->second.intra_op_threads;
      threads = std::max(threads, own > 0 ? own : general.intra_op_threads);
    }
  }
  return options;
}

Action next_action(const DesiredState& desired, const Situation& situation) {
  if (auto action = endpoint_action(desired, situation)) return *action;
  const std::set<VersionRef> wanted = wanted_versions(desired, situation.effective);
  if (auto action = load_action(desired, situation, wanted)) return *action;
  if (auto action = unload_action(desired, situation, wanted)) return *action;
  WaitUntil wait;
  const bool busy = is_busy(situation);  // then the end of the load wakes, not a time
  for (const auto& [version, state] : situation.versions) {
    std::optional<SteadyTime> due;
    const bool waits = state.phase == VersionPhase::kFailed || state.replacement == Replacement::kWanted;
    if (waits && !busy && wanted.contains(version)) due = state.retry_at;
    if (state.phase == VersionPhase::kReady && state.unwanted_since)
      due = end_of_stay(desired, version, *state.unwanted_since);
    if (due && (!wait.time || *due < *wait.time)) wait.time = due;
  }
  return wait;
}

std::chrono::nanoseconds backoff(int attempts, std::chrono::nanoseconds least, std::chrono::nanoseconds most,
                                 double jitter) {
  const int doublings = std::clamp(attempts - 1, 0, 40);
  const double full = std::min(static_cast<double>(least.count()) * static_cast<double>(std::int64_t{1} << doublings),
                               static_cast<double>(most.count()));
  return std::chrono::nanoseconds(static_cast<std::int64_t>(full * (0.5 + 0.5 * jitter)));
}

}  // namespace modelyard::lifecycle
