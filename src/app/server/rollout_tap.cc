#include "app/server/rollout_tap.h"

#include "inference/nonfinite.h"
#include "rollout/version_fault.h"

namespace modelyard::app {

void RolloutTap::count(const serving::Ended& ended) {
  if (!ended.exposed) return;
  if (ended.failure && !rollout::is_versions_fault(*ended.failure, ended.durations.run_rows > 0)) return;
  rollout::CountedRequest request;
  request.unit_hash = ended.unit_hash;
  request.failed = ended.failure.has_value();
  request.timed_out = ended.failure == Code::kDeadlineExceeded;
  request.nonfinite = ended.outputs != nullptr && inference::has_nonfinite(*ended.outputs, serving::kMostLookedAt);
  // Who was refused at once waited for nothing.
  if (!request.failed || request.timed_out) request.latency = ended.durations.total;
  const UtcTime arrived = ended.time - std::chrono::duration_cast<UtcTime::duration>(ended.durations.total);
  counter_.add(ended.request.endpoint, ended.plan_revision, ended.arm, request, arrived);
}

std::uint64_t RolloutTap::on_end(const serving::Ended& ended) {
  count(ended);
  return 0;
}

void RolloutTap::on_fallback(const serving::Ended& ended) {
  count(ended);
  counter_.add_fallback(ended.request.endpoint, ended.plan_revision);
}

void RolloutTap::on_shadow(const serving::Shadowed& shadowed) {
  using Outcome = serving::Shadowed::Outcome;
  if (shadowed.outcome == Outcome::kDropped) return counter_.add_dropped(shadowed.endpoint, shadowed.plan_revision);
  const bool failed = shadowed.outcome == Outcome::kFailed;
  // A copy waits in another queue than its original, so that its latency says nothing.
  counter_.add_copy(shadowed.endpoint, shadowed.plan_revision,
                    {.unit_hash = shadowed.unit_hash, .failed = failed, .nonfinite = shadowed.nonfinite});
  if (failed) return;
  counter_.add_pair(shadowed.endpoint, shadowed.plan_revision, shadowed.unit_hash,
                    shadowed.outcome == Outcome::kUnlike);
}

}  // namespace modelyard::app
