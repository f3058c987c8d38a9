// What a person may ask of a rollout.
//
// Errors:  FailedPrecondition for what makes no sense where it stands, with what to do instead; InvalidArgument without
//          actor or reason, which the audit log needs.
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "rollout/machine/machine.h"

namespace modelyard::rollout {

enum class Command { kPromote, kPause, kResume, kAbort, kSupersede };
std::string_view command_name(Command command);  // "promote", "pause", "resume", "abort", "supersede"
std::optional<Command> parse_command(std::string_view name);

struct Order {
  Command command{};
  std::string actor;
  std::string reason;
  UtcTime now;
};

// promote goes to full at once, but not in a freeze; pause keeps the weight; resume goes on at the same step, and lets a
// step with pause: true be left; abort takes all traffic back; supersede does, too, but for a rollout that is promoted
// or backed out already, which it ends as it is. A paused or holding rollout that is resumed in a freeze waits there.
// Pre: the state is one of the spec's.
Result<Decision> command(const RolloutSpec& spec, const RolloutState& state, const Order& order);

}  // namespace modelyard::rollout
