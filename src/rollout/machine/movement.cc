#include "rollout/machine/movement.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/names.h"
#include "rollout/machine/traffic.h"

namespace modelyard::rollout {
namespace {

struct Place {
  std::size_t stage = 0, step = 0;
};

std::optional<Place> next_place(const RolloutSpec& spec, const RolloutState& state) {
  if (state.phase == Phase::kVerifying) return spec.stages.empty() ? std::nullopt : std::optional(Place{});
  if (state.step + 1 < spec.stages[state.stage].steps.size()) return Place{state.stage, state.step + 1};
  if (state.stage + 1 < spec.stages.size()) return Place{state.stage + 1, 0};
  return std::nullopt;
}

void enter(const RolloutSpec& spec, RolloutState& state, const Place& place, UtcTime now) {
  state.stage = place.stage;
  state.step = place.step;
  state.step_since = now;
  state.approval = Approval::kNone;
  const Stage& stage = spec.stages[place.stage];
  if (stage.kind != StageKind::kBandit) return;
  state.bandit_weight = stage.steps.front().weight;
  state.weight_since = now;
}

// A pause takes nothing from the time that a step has; after holding, it has all of it once more.
void restart_step_clock(RolloutState& state, Event event, UtcTime now) {
  if (event != Event::kResume) return;
  const auto stopped = std::max(now - state.phase_since, UtcTime::duration(0));
  state.step_since = state.phase == Phase::kPaused ? state.step_since + stopped : now;
}

}  // namespace

std::string storable(std::string_view text) {
  std::string kept(text.substr(0, RolloutState::kMostTextBytes));
  // A cut within a character leaves at most three bytes of it.
  for (int i = 0; i < 3 && !kept.empty() && kept.size() < text.size() && !is_valid_utf8(kept); ++i) kept.pop_back();
  if (!is_valid_utf8(kept)) {
    std::ranges::replace_if(kept, [](char c) { return static_cast<unsigned char>(c) > 127; }, '?');
  }
  return kept;
}

void apply(const RolloutSpec& spec, RolloutState& state, const Move& move, UtcTime now) {
  MODELYARD_CHECK(is_legal(state.phase, move.event, move.to), "the table of transitions leads elsewhere");
  const Phase from = state.phase;
  restart_step_clock(state, move.event, now);
  state.returns_to = contains(kStopped, move.to) ? std::optional(place_of(state)) : std::nullopt;
  if (move.to != Phase::kHolding) state.held_for.reset();
  state.phase = move.to;
  state.phase_since = now;
  state.reason = storable(move.why);
  if (state.history.size() == RolloutState::kMostTransitions) state.history.erase(state.history.begin());
  state.history.push_back({now, from, move.to, state.stage, state.step, traffic_of(spec, state).candidate_weight,
                           state.reason, move.actor});
}

void go_forward(const RolloutSpec& spec, RolloutState& state, std::string_view why, UtcTime now) {
  const auto place = next_place(spec, state);
  if (!place) {
    state.ending = Ending::kPromoted;
    return apply(spec, state, {Event::kForward, Phase::kFull, std::string(why), ""}, now);
  }
  enter(spec, state, *place, now);
  apply(spec, state, {Event::kForward, phase_of(spec.stages[place->stage].kind), std::string(why), ""}, now);
}

void back_out(const RolloutSpec& spec, RolloutState& state, Ending ending, std::string_view why, UtcTime now) {
  state.ending = ending;
  apply(spec, state, {Event::kBackOut, Phase::kAborting, std::string(why), ""}, now);
}

}  // namespace modelyard::rollout
