// RolloutAlerts raises an alert when a rollout wants a person: it holds, or its candidate was taken back. Whoever is told
// of monitors is told of it, by webhooks, Slack, mail, or Alertmanager.
//
// Ends:    when the rollout goes on or has brought its candidate, and when the endpoint's next one begins.
// Repeats: saying the same of a rollout again tells nobody anew, so that a restart may.
// Errors:  are logged; a rollout does not wait for its alerts.
// Threads: one at a time; blocks on the disk.
#pragma once

#include <functional>

#include "control/rollouts/rollout_plan.h"
#include "control/watching/alert_keeper.h"
#include "telemetry/log.h"

namespace modelyard::control {

inline constexpr std::string_view kRolloutAlert = "rollout";  // the kind: names the runbook

class RolloutAlerts {
 public:
  // `wake`: notifications wait.
  RolloutAlerts(AlertKeeper& alerts, std::function<void()> wake, telemetry::Log& log, const Clock& clock)
      : alerts_(alerts), wake_(std::move(wake)), log_(log), clock_(clock) {}

  // It has begun, has moved, or is under way when the server starts.
  void see(const Rollout& rollout);

 private:
  Result<std::vector<Notification>> tell(const Rollout& rollout);
  Result<std::vector<Notification>> forget_others(const Rollout& rollout);

  AlertKeeper& alerts_;
  const std::function<void()> wake_;
  telemetry::Log& log_;
  const Clock& clock_;
};

}  // namespace modelyard::control
