// ExposureCounter counts what the arms of rollouts answer on one event loop, until the driver takes it.
//
// Threads: add() on the loop, take() on the driver's. The lock is taken for exposed requests only and is nearly always
//          free: the driver holds it for a swap, once a second.
// Memory:  some 200 kB a rollout and loop, made by the first request after each take(), and 32 kB for each second in which
//          one of its requests came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "rollout/gates/evidence.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {

// Units whose requests came within one second.
struct ArrivedUnits {
  std::chrono::sys_seconds second;
  rollout::UnitSample units;
};

// Of one plan, which tells the rollout and its step.
struct CountedPlan {
  std::string endpoint;
  std::int64_t revision = 0;
  rollout::ArmEvidence candidate, stable;
  rollout::PairEvidence pairs;       // of a shadow and its originals
  std::vector<ArrivedUnits> units;   // that were answered
  std::uint64_t dropped_copies = 0;  // for which a shadow had no room
  std::uint64_t fallbacks = 0;       // the stable version was asked when the candidate had failed
};

class ExposureCounter {
 public:
  void add(std::string_view endpoint, std::int64_t revision, rollout::Arm arm, const rollout::CountedRequest& request,
           UtcTime arrived) {
    MutexLock lock(mutex_);
    CountedPlan& counted = plan(endpoint, revision);
    const bool is_candidate = arm == rollout::Arm::kCandidate;
    rollout::add(is_candidate ? counted.candidate : counted.stable, request);
    units_of(counted, std::chrono::floor<std::chrono::seconds>(arrived)).add(is_candidate, request.unit_hash);
  }
  // A copy of a request, which a caller does not see.
  void add_copy(std::string_view endpoint, std::int64_t revision, const rollout::CountedRequest& request) {
    MutexLock lock(mutex_);
    rollout::add(plan(endpoint, revision).candidate, request);
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

  // Nearly always the last one.
  static rollout::UnitSample& units_of(CountedPlan& plan, std::chrono::sys_seconds second) {
    for (auto arrived = plan.units.rbegin(); arrived != plan.units.rend(); ++arrived) {
      if (arrived->second == second) return arrived->units;
    }
    return plan.units.emplace_back(ArrivedUnits{second, {}}).units;
  }

  Mutex mutex_;
  std::vector<CountedPlan> plans_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::control
