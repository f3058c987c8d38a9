#include "control/rollouts/rollout_alerts.h"

#include <algorithm>
#include <array>

namespace modelyard::control {
namespace {

using monitoring::Outcome;
using rollout::Ending;
using rollout::Phase;

// Monitors have no dots in their names, and are kept by the names of their endpoint and their own.
std::string monitor_of(const Rollout& rollout) {
  return fmt::format("{}.rollout.{}", rollout.record.endpoint, rollout.record.id);
}

monitoring::Finding finding_of(const Rollout& rollout) {
  const rollout::RolloutState& state = rollout.state;
  const bool holds = state.phase == Phase::kHolding;
  const bool went_wrong = state.ending == Ending::kRejected || state.ending == Ending::kInconclusive;
  monitoring::Finding finding;
  finding.outcome = holds || went_wrong ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format("rollout {} to version {} {}: {}", rollout.record.id, rollout.spec.candidate,
                                 holds        ? "holds until a person decides"
                                 : went_wrong ? "was taken back"
                                              : "goes on",
                                 state.reason);
  finding.numbers = {{"rollout", rollout.record.id}, {"phase", rollout::phase_name(state.phase)}};
  return finding;
}

}  // namespace

void RolloutAlerts::see(const Rollout& rollout) {
  auto told = tell(rollout);
  if (!told) {
    log_.error("the alert of a rollout was not kept",
               {{"rollout", rollout.record.id}, {"error", told.error().message()}});
  } else if (!told->empty()) {
    wake_();
  }
}

Result<std::vector<Notification>> RolloutAlerts::tell(const Rollout& rollout) {
  if (rollout.state.phase == Phase::kPending) return forget_others(rollout);
  constexpr monitoring::AlertRule kAtOnce{.windows = 1, .least_failed = 1, .clear_windows = 1};
  const std::array<monitoring::Finding, 1> findings{finding_of(rollout)};
  return alerts_.observe({monitor_of(rollout), std::string(kRolloutAlert), rollout.record.endpoint}, kAtOnce, findings,
                         clock_.utc_now());
}

// What became of the rollouts before is settled by a new one.
Result<std::vector<Notification>> RolloutAlerts::forget_others(const Rollout& rollout) {
  std::vector<Notification> told;
  MODELYARD_ASSIGN(const auto alerts,
                   alerts_.alerts({.endpoint = rollout.record.endpoint, .monitor = {}, .state = {}}));
  for (const monitoring::Alert& alert : alerts) {
    if (alert.kind != kRolloutAlert || alert.monitor == monitor_of(rollout)) continue;
    MODELYARD_ASSIGN(auto notifications, alerts_.forget(alert.monitor));
    std::ranges::move(notifications, std::back_inserter(told));
  }
  return told;
}

}  // namespace modelyard::control
