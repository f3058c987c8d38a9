// Movement changes the state of a rollout along the table of transitions, and writes it into its history.
//
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "rollout/machine/spec.h"
#include "rollout/machine/state.h"

namespace modelyard::rollout {

struct Move {
  Event event{};
  Phase to{};
  std::string why;
  std::string actor;  // empty: the machine itself
};

// Pre: is_legal(state.phase, move.event, move.to).
void apply(const RolloutSpec& spec, RolloutState& state, const Move& move, UtcTime now);

// To the step behind the one that is in force, or to full when there is none.
void go_forward(const RolloutSpec& spec, RolloutState& state, std::string_view why, UtcTime now);
void back_out(const RolloutSpec& spec, RolloutState& state, Ending ending, std::string_view why, UtcTime now);

// Valid UTF-8 of at most RolloutState::kMostTextBytes.
std::string storable(std::string_view text);

}  // namespace modelyard::rollout
