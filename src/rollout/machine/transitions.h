// The phases of a rollout and the table of what leads from one to another; machine.h says when.
//
//   pending ─ verifying ─ shadow, canary, experiment, bandit (as the spec orders them) ─ full ─ done
//                           │ paused: waits for a person      │ any of them, also full:
//                           │ holding: nothing says go on     └ aborting ─ cooling ─ ended
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace modelyard::rollout {

enum class Phase {
  kPending,     // accepted; nothing done
  kVerifying,   // the candidate is loaded and checked; no traffic
  kShadow,      // the candidate sees copies
  kCanary,      // a share of requests, step by step
  kExperiment,  // a fixed split
  kBandit,      // a split that follows the rewards
  kPaused,      // a person stopped it, or a step waits for one; traffic stays, guards are watched
  kHolding,     // evidence does not say go on; traffic stays, guards are watched
  kFull,        // promoted; the old version is kept warm
  kAborting,    // all traffic goes to stable, but that is not in force everywhere
  kCooling,     // it is; the candidate is kept loaded a little
  kDone,        // ended well
  kEnded,       // ended otherwise
};
inline constexpr std::array kPhases{Phase::kPending,    Phase::kVerifying, Phase::kShadow,  Phase::kCanary,
                                    Phase::kExperiment, Phase::kBandit,    Phase::kPaused,  Phase::kHolding,
                                    Phase::kFull,       Phase::kAborting,  Phase::kCooling, Phase::kDone,
                                    Phase::kEnded};
std::string_view phase_name(Phase phase);  // "pending", "verifying", …
std::optional<Phase> parse_phase(std::string_view name);

enum class Event {
  kAdmit,    // no freeze stands against it
  kForward,  // ready, or a step passed
  kAsk,      // a step passed that waits for a person
  kHold,     // inconclusive, srm, or no data
  kBackOut,  // a guard failed, or inconclusive and set to abort
  kInForce,  // the traffic of a back-out is what is served
  kCooled,   // kept loaded long enough
  kSettle,   // kept warm long enough
  kPromote,  // the rest are a person's
  kPause,
  kResume,
  kAbort,
  kSupersede,  // a newer rollout takes the endpoint
};
inline constexpr std::array kEvents{
    Event::kAdmit,  Event::kForward, Event::kAsk,   Event::kHold,   Event::kBackOut, Event::kInForce,  Event::kCooled,
    Event::kSettle, Event::kPromote, Event::kPause, Event::kResume, Event::kAbort,   Event::kSupersede};
std::string_view event_name(Event event);  // "admit", "forward", …

using PhaseSet = std::uint32_t;  // a bit for each

template <typename... Phases>
constexpr PhaseSet set_of(Phases... phases) {
  return ((PhaseSet{1} << static_cast<unsigned>(phases)) | ...);
}
constexpr bool contains(PhaseSet set, Phase phase) {
  return (set & set_of(phase)) != 0;
}

inline constexpr PhaseSet kStagePhases = set_of(Phase::kShadow, Phase::kCanary, Phase::kExperiment, Phase::kBandit);
inline constexpr PhaseSet kStopped = set_of(Phase::kPaused, Phase::kHolding);
inline constexpr PhaseSet kTerminal = set_of(Phase::kDone, Phase::kEnded);

struct Rule {
  Event event;
  PhaseSet from, to;
};
std::span<const Rule> transition_table();

bool is_allowed(Phase from, Event event);
bool is_legal(Phase from, Event event, Phase to);

}  // namespace modelyard::rollout
