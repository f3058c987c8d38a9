// What to do next, as a pure function of what is wanted and what is there.
//
// Rules: an endpoint switches to its desired plan when all versions of that plan are ready, and keeps the plan before
//        it until then. Wanted are the versions of desired plans, of plans in effect, of aliases of deployed models,
//        and pins. What is no longer wanted stays for the grace. One load at a time; a failed one waits.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>

#include "base/clock.h"
#include "lifecycle/source.h"
#include "lifecycle/version_phase.h"

namespace modelyard::lifecycle {

struct VersionSituation {
  VersionPhase phase = VersionPhase::kWaiting;
  SteadyTime retry_at{};  // kFailed: not before
  std::optional<SteadyTime> unwanted_since;
};

struct Situation {
  std::map<VersionRef, VersionSituation> versions;
  std::map<std::string, rollout::TrafficPlan> effective;  // by endpoint
  SteadyTime now{};
};

struct LoadVersion {
  VersionRef version;
  friend bool operator==(const LoadVersion&, const LoadVersion&) = default;
};
struct UnloadVersion {
  VersionRef version;
  friend bool operator==(const UnloadVersion&, const UnloadVersion&) = default;
};
// Forgets a version that was never loaded.
struct DropVersion {
  VersionRef version;
  friend bool operator==(const DropVersion&, const DropVersion&) = default;
};
struct SwitchEndpoint {
  std::string endpoint;
  friend bool operator==(const SwitchEndpoint&, const SwitchEndpoint&) = default;
};
struct RemoveEndpoint {
  std::string endpoint;
  friend bool operator==(const RemoveEndpoint&, const RemoveEndpoint&) = default;
};
struct WaitUntil {
  std::optional<SteadyTime> time;  // nullopt: until something changes
  friend bool operator==(const WaitUntil&, const WaitUntil&) = default;
};
using Action = std::variant<LoadVersion, UnloadVersion, DropVersion, SwitchEndpoint, RemoveEndpoint, WaitUntil>;

std::set<VersionRef> wanted_versions(const DesiredState& desired,
                                     const std::map<std::string, rollout::TrafficPlan>& effective);

Action next_action(const DesiredState& desired, const Situation& situation);

// Time before try number `attempts` + 1: doubles from `least` to `most`, times 0.5 to 1 by `jitter` in [0, 1).
std::chrono::nanoseconds backoff(int attempts, std::chrono::nanoseconds least, std::chrono::nanoseconds most,
                                 double jitter);

}  // namespace modelyard::lifecycle
