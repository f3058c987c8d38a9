// What the Reconciler's files share: what it knows of one version. Private to them.
#pragma once

#include "lifecycle/reconciler.h"

namespace modelyard::lifecycle {

// How often to look whether a retired version has been let go of: workers do not tell when they drop the last request.
inline constexpr std::chrono::milliseconds kRetiredPoll{5};

struct Reconciler::Harness {
  VersionPhase phase = VersionPhase::kWaiting;
  std::string reason;
  std::string note;
  int attempts = 0;
  SteadyTime retry_at{};
  std::optional<UtcTime> next_try;
  std::optional<UtcTime> ready_since;
  std::optional<SteadyTime> unwanted_since;
  std::int64_t memory_bytes = 0;
  MeasuredCost cost;
  std::shared_ptr<Servable> servable;
  bool is_being_replaced = false;  // kReady: loads once more; its phase stays

  void enter(VersionPhase next) {
    MODELYARD_CHECK(may_follow(phase, next), "phases follow the table");
    phase = next;
  }
};

}  // namespace modelyard::lifecycle
