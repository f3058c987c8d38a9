// What the Reconciler tells of itself, and waiting for it.
#include <algorithm>

#include "lifecycle/reconciler_harness.h"

namespace modelyard::lifecycle {

VersionStatus Reconciler::status_of(const VersionRef& version, const Harness& harness) const {
  VersionStatus status{version, harness.phase, harness.reason, harness.attempts, harness.next_try};
  if (harness.phase == VersionPhase::kReady) status.ready_since = harness.ready_since;
  status.memory_bytes = harness.memory_bytes;
  status.cost = harness.cost;
  status.note = harness.note;
  if (!harness.servable) return status;
  status.most_batch_rows = harness.servable->batching().most_rows();
  status.options = harness.servable->options();
  if (replacement_of(version, harness) != Replacement::kNone) status.wanted_options = desired_->options_of(version);
  return status;
}

LifecycleStatus Reconciler::status() const {
  MutexLock lock(mutex_);
  LifecycleStatus status;
  status.observed_revision = desired_->revision;
  for (const auto& [version, harness] : versions_) status.versions.push_back(status_of(version, harness));
  std::map<std::string, EndpointStatus> endpoints;
  for (const rollout::TrafficPlan& plan : desired_->plans) {
    endpoints[plan.endpoint] = {plan.endpoint, plan.model, plan.revision, 0, {}};
  }
  for (const auto& [name, plan] : effective_) {
    EndpointStatus& endpoint = endpoints[name];
    endpoint.endpoint = name;
    endpoint.model = plan.model;
    endpoint.effective_revision = plan.revision;
    endpoint.effective_shares = plan.shares;
  }
  for (auto& [name, endpoint] : endpoints) status.endpoints.push_back(std::move(endpoint));
  status.memory_used = ledger_.used();
  status.memory_limit = ledger_.limit();
  status.loads = loads_;
  status.load_failures = failures_;
  return status;
}

bool Reconciler::settled() const {
  MutexLock lock(mutex_);
  return settled_;
}

Status Reconciler::wait_for_settled(std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (!settled_ && !stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return error(Code::kDeadlineExceeded, "versions are still loading");
    changed_.wait_for(mutex_, left);
  }
  return ok();
}

Status Reconciler::wait_for_settings(std::int64_t revision, std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (desired_->revision < revision || !table_.acknowledged(generation_)) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero() || stopping_) return error(Code::kDeadlineExceeded, "the settings are not in effect yet");
    changed_.wait_for(mutex_, kRetiredPoll);
  }
  return ok();
}

Status Reconciler::wait_for_endpoint(const std::string& endpoint, std::int64_t plan_revision,
                                     std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  for (;;) {
    const auto effective = effective_.find(endpoint);
    const std::int64_t now_at = effective == effective_.end() ? 0 : effective->second.revision;
    const bool reached = plan_revision == 0 ? now_at == 0 : now_at >= plan_revision;
    if (reached && table_.acknowledged(generation_)) return ok();
    for (const rollout::TrafficPlan& plan : desired_->plans) {
      if (reached || plan.endpoint != endpoint || plan.revision < plan_revision) continue;
      for (const rollout::Share& share : plan.shares) {
        const auto needed = versions_.find({plan.model, share.version});
        if (needed == versions_.end() || needed->second.phase != VersionPhase::kFailed) continue;
        if (needed->second.retry_at == SteadyTime()) continue;  // retry() has been called
        return error(Code::kFailedPrecondition, "version {} of '{}' did not become ready: {}", share.version,
                     plan.model, needed->second.reason);
      }
    }
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero() || stopping_) {
      return error(Code::kDeadlineExceeded, "endpoint '{}' is not there yet; see `modelyard status`", endpoint);
    }
    // Readers do not notify: they acknowledge within a turn.
    changed_.wait_for(mutex_, reached ? std::chrono::nanoseconds(kRetiredPoll) : std::chrono::nanoseconds(left));
  }
}

}  // namespace modelyard::lifecycle
