// ExposureCounter counts what the arms of rollouts answer on one event loop, until the driver takes it.
//
// Threads: add() on the loop, take() on the driver's. The lock is taken for exposed requests only and is nearly always
//          free: the driver holds it for a swap, once a second.
// Memory:  some 200 kB a rollout and loop, made by the first request after each take().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "rollout/gates/evidence.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {

// Of one plan, which tells the rollout and its step.
struct CountedPlan {
  std::string endpoint;
  std::int64_t revision = 0;
  rollout::ArmEvidence candidate, stable;
};

class ExposureCounter {
 public:
  void add(std::string_view endpoint, std::int64_t revision, rollout::Arm arm, const rollout::CountedRequest& request) {
    MutexLock lock(mutex_);
    for (CountedPlan& plan : plans_) {
      if (plan.revision == revision && plan.endpoint == endpoint) return add(plan, arm, request);
    }
    plans_.push_back({std::string(endpoint), revision, {}, {}});
    add(plans_.back(), arm, request);
  }

  std::vector<CountedPlan> take() {
    MutexLock lock(mutex_);
    return std::exchange(plans_, {});
  }

 private:
  static void add(CountedPlan& plan, rollout::Arm arm, const rollout::CountedRequest& request) {
    rollout::add(arm == rollout::Arm::kCandidate ? plan.candidate : plan.stable, request);
  }

  Mutex mutex_;
  std::vector<CountedPlan> plans_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::control
