#include "rollout/machine/transitions.h"

#include <algorithm>

namespace modelyard::rollout {
namespace {

constexpr std::array<std::string_view, kPhases.size()> kPhaseNames{
    "pending", "verifying", "shadow",   "canary",  "experiment", "bandit", "paused",
    "holding", "full",      "aborting", "cooling", "done",       "ended"};
constexpr std::array<std::string_view, kEvents.size()> kEventNames{
    "admit",  "forward", "ask",   "hold",   "back_out", "in_force", "cooled",
    "settle", "promote", "pause", "resume", "abort",    "supersede"};

constexpr PhaseSet kBefore = set_of(Phase::kPending, Phase::kVerifying);
constexpr PhaseSet kFull = set_of(Phase::kFull);
constexpr PhaseSet kAborting = set_of(Phase::kAborting);

constexpr std::array kTable{
    Rule{Event::kAdmit, set_of(Phase::kPending), set_of(Phase::kVerifying)},
    Rule{Event::kForward, set_of(Phase::kVerifying) | kStagePhases, kStagePhases | kFull},
    Rule{Event::kAsk, kStagePhases, set_of(Phase::kPaused)},
    Rule{Event::kHold, kStagePhases, set_of(Phase::kHolding)},
    Rule{Event::kBackOut, kBefore | kStagePhases | kStopped | kFull, kAborting},
    Rule{Event::kInForce, kAborting, set_of(Phase::kCooling)},
    Rule{Event::kCooled, set_of(Phase::kCooling), set_of(Phase::kEnded)},
    Rule{Event::kSettle, kFull, set_of(Phase::kDone)},
    Rule{Event::kPromote, kStagePhases | kStopped, kFull},
    Rule{Event::kPause, kBefore | kStagePhases, set_of(Phase::kPaused)},
    Rule{Event::kResume, kStopped, kBefore | kStagePhases},
    Rule{Event::kAbort, kBefore | kStagePhases | kStopped | kFull, kAborting},
    Rule{Event::kSupersede, kBefore | kStagePhases | kStopped, kAborting},
    // The versions of the newer rollout need the room.
    Rule{Event::kSupersede, kFull, set_of(Phase::kDone)},
    Rule{Event::kSupersede, set_of(Phase::kCooling), set_of(Phase::kEnded)},
};

}  // namespace

std::string_view phase_name(Phase phase) {
  return kPhaseNames[static_cast<std::size_t>(phase)];
}

std::optional<Phase> parse_phase(std::string_view name) {
  const auto known = std::ranges::find(kPhaseNames, name);
  return known == kPhaseNames.end() ? std::nullopt : std::optional(static_cast<Phase>(known - kPhaseNames.begin()));
}

std::string_view event_name(Event event) {
  return kEventNames[static_cast<std::size_t>(event)];
}

std::span<const Rule> transition_table() {
  return kTable;
}

bool is_allowed(Phase from, Event event) {
  return std::ranges::any_of(kTable,
                             [&](const Rule& rule) { return rule.event == event && contains(rule.from, from); });
}

bool is_legal(Phase from, Event event, Phase to) {
  return std::ranges::any_of(kTable, [&](const Rule& rule) {
    return rule.event == event && contains(rule.from, from) && contains(rule.to, to);
  });
}

}  // namespace modelyard::rollout
