// What to do next, as a pure function of what is wanted and what is there.
//
// Rules: an endpoint switches to its desired plan when all versions that answer by that plan are ready, and keeps the plan before
//        it until then; shadows and what is kept warm hold up nobody. Wanted are the versions of desired plans, of plans in effect, of aliases of deployed models,
//        and pins. What is no longer wanted stays for the grace, unless it was deleted. One load at a time; a failed
//        one waits. A version that is to be loaded otherwise than it is answers until it has been loaded again beside
//        itself.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>

#include "base/clock.h"
#include "lifecycle/source.h"
#include "lifecycle/version_phase.h"

namespace modelyard::lifecycle {

enum class Replacement {
  kNone,
  kWanted,  // its load options have changed
  kUnderWay,
};

struct VersionSituation {
  VersionPhase phase = VersionPhase::kWaiting;
  Replacement replacement = Replacement::kNone;  // kReady only
  SteadyTime retry_at{};                         // kFailed, or a replacement that is wanted: not before
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
// Loads a ready version again, with the options it is wanted with, and puts it in its own place.
struct ReplaceVersion {
  VersionRef version;
  friend bool operator==(const ReplaceVersion&, const ReplaceVersion&) = default;
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
using Action =
    std::variant<LoadVersion, ReplaceVersion, UnloadVersion, DropVersion, SwitchEndpoint, RemoveEndpoint, WaitUntil>;

std::set<VersionRef> wanted_versions(const DesiredState& desired,
                                     const std::map<std::string, rollout::TrafficPlan>& effective);

// Load options of the versions of plans: the most that an endpoint which a version answers says; `general` is of those
// that say nothing.
std::map<VersionRef, backend::LoadOptions> wanted_options(const DesiredState& desired,
                                                          const backend::LoadOptions& general);

Action next_action(const DesiredState& desired, const Situation& situation);

// Time before try number `attempts` + 1: doubles from `least` to `most`, times 0.5 to 1 by `jitter` in [0, 1).
std::chrono::nanoseconds backoff(int attempts, std::chrono::nanoseconds least, std::chrono::nanoseconds most,
                                 double jitter);

}  // namespace modelyard::lifecycle
