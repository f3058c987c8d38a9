#include "rollout/machine/command.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/names.h"
#include "rollout/machine/movement.h"

namespace modelyard::rollout {
namespace {

constexpr std::array kCommands{Event::kPromote, Event::kPause, Event::kResume, Event::kAbort, Event::kSupersede};

Event event_of(Command command) {
  return kCommands[static_cast<std::size_t>(command)];
}

std::string_view advice(Phase phase) {
  switch (phase) {
    case Phase::kPending:
    case Phase::kVerifying: return "wait until the candidate is verified, or abort";
    case Phase::kShadow:
    case Phase::kCanary:
    case Phase::kExperiment:
    case Phase::kBandit: return "it is under way: promote, pause or abort it";
    case Phase::kPaused:
    case Phase::kHolding: return "resume, promote or abort it";
    case Phase::kFull: return "it is promoted: abort goes back while the old version is warm";
    case Phase::kAborting:
    case Phase::kCooling: return "it is backing out, and ends by itself";
    case Phase::kDone:
    case Phase::kEnded: return "it is over: start another rollout";
  }
  return "";
}

Status check_text(std::string_view name, const std::string& text) {
  if (!text.empty() && text.size() <= RolloutState::kMostTextBytes && is_valid_utf8(text)) return ok();
  return error(Code::kInvalidArgument, "{}: write 1 to {} bytes of UTF-8; the audit log keeps them", name,
               RolloutState::kMostTextBytes);
}

Status check_allowed(const RolloutSpec& spec, const RolloutState& state, const Order& order) {
  MODELYARD_TRY(check_text("actor", order.actor));
  MODELYARD_TRY(check_text("reason", order.reason));
  const bool promotes = order.command == Command::kPromote;
  const bool is_verified = contains(kStagePhases, place_of(state));
  if (!is_allowed(state.phase, event_of(order.command)) || (promotes && !is_verified)) {
    return error(Code::kFailedPrecondition, "cannot {} a rollout that is {}: {}", command_name(order.command),
                 phase_name(state.phase), is_verified ? advice(state.phase) : advice(place_of(state)));
  }
  const auto until = promotes ? frozen_until(spec.freeze, order.now) : std::nullopt;
  if (!until) return ok();
  return error(Code::kFailedPrecondition,
               "cannot promote in a freeze: wait until {}, or abort, which is always allowed", format_utc(*until));
}

Phase destination(const RolloutState& state, Command command) {
  switch (command) {
    case Command::kPromote: return Phase::kFull;
    case Command::kPause: return Phase::kPaused;
    case Command::kResume: return place_of(state);
    case Command::kAbort: return Phase::kAborting;
    case Command::kSupersede: break;
  }
  if (state.phase == Phase::kFull) return Phase::kDone;
  return state.phase == Phase::kCooling ? Phase::kEnded : Phase::kAborting;
}

void set_ending(RolloutState& state, Command command) {
  if (command == Command::kPromote) state.ending = Ending::kPromoted;
  if (command == Command::kAbort) state.ending = Ending::kAborted;
  if (command == Command::kSupersede && !state.ending) state.ending = Ending::kSuperseded;
}

}  // namespace

std::string_view command_name(Command command) {
  return event_name(event_of(command));
}

std::optional<Command> parse_command(std::string_view name) {
  const auto known = std::ranges::find(kCommands, name, event_name);
  return known == kCommands.end() ? std::nullopt : std::optional(static_cast<Command>(known - kCommands.begin()));
}

Result<Decision> command(const RolloutSpec& spec, const RolloutState& state, const Order& order) {
  MODELYARD_TRY(check_allowed(spec, state, order));
  Decision decision{state, true, order.reason};
  set_ending(decision.next, order.command);
  if (order.command == Command::kResume && state.approval == Approval::kAsked) {
    decision.next.approval = Approval::kGiven;
  }
  const Move move{event_of(order.command), destination(state, order.command), order.reason, order.actor};
  apply(spec, decision.next, move, order.now);
  return decision;
}

}  // namespace modelyard::rollout
