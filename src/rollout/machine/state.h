// RolloutState is where a rollout stands, as data: it is stored at every transition, and whoever reads it back goes on
// from there and publishes the same traffic.
//
// Times:   UTC; time that passes while nobody looks counts.
// Bounds:  the last kMostTransitions transitions and kMostVerdicts verdicts.
// Errors:  InvalidArgument naming the field.
// Threads: a value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "rollout/gates/verdict.h"
#include "rollout/machine/spec.h"
#include "rollout/machine/transitions.h"

namespace modelyard::rollout {

// How it ended, or is about to.
enum class Ending { kPromoted, kRejected, kInconclusive, kAborted, kSuperseded };
std::string_view ending_name(Ending ending);  // "promoted", "rejected", …
std::optional<Ending> parse_ending(std::string_view name);

enum class HoldCause { kInconclusive, kSrm, kNoData };
std::string_view hold_cause_name(HoldCause cause);  // "inconclusive", "srm", "nodata"

// Of a step with pause: true.
enum class Approval { kNone, kAsked, kGiven };

struct Transition {
  UtcTime at;
  Phase from{}, to{};
  std::size_t stage = 0, step = 0;  // where it led
  int weight = 0;                   // of the candidate from then on
  std::string why;
  std::string actor;  // empty: the machine itself

  friend bool operator==(const Transition&, const Transition&) = default;
};

struct RolloutState {
  static constexpr std::size_t kMostTransitions = 500, kMostVerdicts = 100, kMostTextBytes = 2000;

  Phase phase = Phase::kPending;
  std::optional<Phase> returns_to;  // of paused and holding
  std::size_t stage = 0, step = 0;
  UtcTime started, phase_since;
  UtcTime step_since;     // moves on by the time that a pause took
  int bandit_weight = 0;  // one of bandit_weights(), from the begin of a bandit
  UtcTime weight_since;   // since when it is that
  Approval approval = Approval::kNone;
  std::optional<HoldCause> held_for;
  std::optional<Ending> ending;
  std::string reason;               // of the last transition, or move of a bandit's weight
  std::optional<Verdict> fired;     // the first that failed
  std::vector<Verdict> verdicts;    // of the last look
  std::vector<Transition> history;  // oldest first
};

RolloutState start_of(UtcTime now);

// The phase whose traffic is in force: of what is paused or holding, that to which it returns.
Phase place_of(const RolloutState& state);
Phase phase_of(StageKind kind);

Json to_json(const RolloutState& state);
// Refuses a state that cannot be one of the spec's.
Result<RolloutState> parse_rollout_state(const Json& value, const RolloutSpec& spec);

}  // namespace modelyard::rollout
