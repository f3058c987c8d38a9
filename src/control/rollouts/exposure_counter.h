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
  rollout::PairEvidence pairs;       // of a shadow and its originals
  rollout::UnitSample units;         // that were answered
  std::uint64_t dropped_copies = 0;  // for which a shadow had no room
  std::uint64_t fallbacks = 0;       // the stable version was asked when the candidate had failed
};

class ExposureCounter {
 public:
  void add(std::string_view endpoint, std::int64_t revision, rollout::Arm arm, const rollout::CountedRequest& request) {
    MutexLock lock(mutex_);
    CountedPlan& counted = plan(endpoint, revision);
    const bool is_candidate = arm == rollout::Arm::kCandidate;
    rollout::add(is_candidate ? counted.candidate : counted.stable, request);
    counted.units.add(is_candidate, request.unit_hash);
  }
  // A request that both have answered.
  void add_pair(std::string_view endpoint, std::int64_t revision, std::uint64_t unit_hash, bool disagreed) {
    MutexLock lock(mutex_);
    CountedPlan& counted = plan(endpoint, revision);
    ++counted.pairs.compared[rollout::unit_bucket(unit_hash)];
    if (disagreed) ++counted.pairs.disagreed[rollout::unit_bucket(unit_hash)];
  }
  void add_dropped(std::string_view endpoint, std::int64_t revision) {
    MutexLock lock(mutex_);
    ++plan(endpoint, revision).dropped_copies;
  }
  void add_fallback(std::string_view endpoint, std::int64_t revision) {
    MutexLock lock(mutex_);
    ++plan(endpoint, revision).fallbacks;
  }

  std::vector<CountedPlan> take() {
    MutexLock lock(mutex_);
    return std::exchange(plans_, {});
  }

 private:
  CountedPlan& plan(std::string_view endpoint, std::int64_t revision) MODELYARD_REQUIRES(mutex_) {
    for (CountedPlan& plan : plans_) {
      if (plan.revision == revision && plan.endpoint == endpoint) return plan;
    }
    return plans_.emplace_back(CountedPlan{std::string(endpoint), revision, {}, {}, {}, {}});
  }

  Mutex mutex_;
  std::vector<CountedPlan> plans_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::control
