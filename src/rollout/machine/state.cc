#include "rollout/machine/state.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rollout/machine/bandit_weights.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

constexpr std::array<std::string_view, 5> kEndings{"promoted", "rejected", "inconclusive", "aborted", "superseded"};
constexpr std::array<std::string_view, 3> kCauses{"inconclusive", "srm", "nodata"};
constexpr std::array<std::string_view, 3> kApprovals{"none", "asked", "given"};

template <typename Value, std::size_t kCount>
std::optional<Value> find_name(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto known = std::ranges::find(names, name);
  return known == names.end() ? std::nullopt : std::optional(static_cast<Value>(known - names.begin()));
}

std::optional<HoldCause> parse_hold_cause(std::string_view name) {
  return find_name<HoldCause>(kCauses, name);
}

std::optional<Approval> parse_approval(std::string_view name) {
  return find_name<Approval>(kApprovals, name);
}

Error wrong(const ObjectReader& fields, std::string_view key, std::string_view why) {
  return error(Code::kInvalidArgument, "{}: {}", fields.path_of(key), why);
}

template <typename Value>
Status read_name(ObjectReader& fields, std::string_view key, std::optional<Value> (*parse)(std::string_view),
                 std::optional<Value>& to) {
  MODELYARD_ASSIGN(const auto name, fields.optional_string(key));
  if (!name) return ok();
  to = parse(*name);
  return to ? ok() : Status(wrong(fields, key, fmt::format("'{}' is not known", *name)));
}

template <typename Value>
Status need_name(ObjectReader& fields, std::string_view key, std::optional<Value> (*parse)(std::string_view),
                 Value& to) {
  std::optional<Value> found;
  MODELYARD_TRY(read_name(fields, key, parse, found));
  if (!found) return wrong(fields, key, "is missing");
  to = *found;
  return ok();
}

Status read_time(ObjectReader& fields, std::string_view key, UtcTime& to) {
  MODELYARD_ASSIGN(const std::string text, fields.string(key));
  const auto time = parse_utc(text);
  if (!time) return time.error().with_context("{}", fields.path_of(key));
  to = *time;
  return ok();
}

Status read_text(ObjectReader& fields, std::string_view key, std::string& to) {
  MODELYARD_ASSIGN(to, fields.string(key));
  return to.size() <= RolloutState::kMostTextBytes ? ok() : Status(wrong(fields, key, "is too long"));
}

template <typename Number>
Status read_number(ObjectReader& fields, std::string_view key, std::int64_t most, Number& to) {
  MODELYARD_ASSIGN(const std::int64_t number, fields.integer(key));
  if (number < 0 || number > most) return wrong(fields, key, fmt::format("must be from 0 to {}", most));
  to = static_cast<Number>(number);
  return ok();
}

// Where there is no such stage, only the first place is one.
Status read_place(ObjectReader& fields, const RolloutSpec& spec, std::size_t& stage, std::size_t& step) {
  const std::size_t stages = std::max<std::size_t>(spec.stages.size(), 1);
  MODELYARD_TRY(read_number(fields, "stage", static_cast<std::int64_t>(stages) - 1, stage));
  const std::size_t steps = spec.stages.empty() ? 1 : spec.stages[stage].steps.size();
  return read_number(fields, "step", static_cast<std::int64_t>(steps) - 1, step);
}

Json transition_json(const Transition& transition) {
  return {{"at", format_utc(transition.at)}, {"from", phase_name(transition.from)},
          {"to", phase_name(transition.to)}, {"stage", transition.stage},
          {"step", transition.step},         {"weight", transition.weight},
          {"why", transition.why},           {"actor", transition.actor}};
}

Result<Transition> parse_transition(const Json& value, const std::string& path, const RolloutSpec& spec) {
  Transition transition;
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, path));
  MODELYARD_TRY(read_time(fields, "at", transition.at));
  MODELYARD_TRY(need_name(fields, "from", parse_phase, transition.from));
  MODELYARD_TRY(need_name(fields, "to", parse_phase, transition.to));
  MODELYARD_TRY(read_place(fields, spec, transition.stage, transition.step));
  MODELYARD_TRY(read_number(fields, "weight", kWhole, transition.weight));
  MODELYARD_TRY(read_text(fields, "why", transition.why));
  MODELYARD_TRY(read_text(fields, "actor", transition.actor));
  MODELYARD_TRY(fields.finish());
  return transition;
}

Status read_verdicts(ObjectReader& fields, RolloutState& state) {
  if (const Json* const fired = fields.optional_any("fired")) {
    MODELYARD_ASSIGN(state.fired, parse_verdict(*fired, fields.path_of("fired")));
  }
  MODELYARD_ASSIGN(const Json* const list, fields.array("verdicts"));
  if (list->size() > RolloutState::kMostVerdicts) return wrong(fields, "verdicts", "too many of them");
  for (std::size_t i = 0; i < list->size(); ++i) {
    MODELYARD_ASSIGN(Verdict verdict, parse_verdict((*list)[i], fmt::format("{}[{}]", fields.path_of("verdicts"), i)));
    state.verdicts.push_back(std::move(verdict));
  }
  return ok();
}

Status read_history(ObjectReader& fields, const RolloutSpec& spec, RolloutState& state) {
  MODELYARD_ASSIGN(const Json* const list, fields.array("history"));
  if (list->size() > RolloutState::kMostTransitions) return wrong(fields, "history", "too many transitions");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", fields.path_of("history"), i);
    MODELYARD_ASSIGN(Transition transition, parse_transition((*list)[i], path, spec));
    const Phase before = state.history.empty() ? transition.from : state.history.back().to;
    if (transition.from != before) return error(Code::kInvalidArgument, "{}.from: the one before led elsewhere", path);
    state.history.push_back(std::move(transition));
  }
  return ok();
}

// A state that is read from a store must not lead traffic where its spec does not.
Status check_consistent(const ObjectReader& fields, const RolloutSpec& spec, const RolloutState& state) {
  if (state.returns_to.has_value() != contains(kStopped, state.phase)) {
    return wrong(fields, "returns_to", "belongs to paused and holding, and to them alone");
  }
  const Phase place = place_of(state);
  if (state.returns_to && !is_legal(state.phase, Event::kResume, place)) {
    return wrong(fields, "returns_to", fmt::format("nothing returns to {}", phase_name(place)));
  }
  const bool is_staged = !spec.stages.empty() && phase_of(spec.stages[state.stage].kind) == place;
  if (contains(kStagePhases, place) && !is_staged) {
    return wrong(fields, "stage", fmt::format("stage {} of the spec is not of {}", state.stage, phase_name(place)));
  }
  if (place == Phase::kBandit && !is_bandit_weight(spec.stages[state.stage], state.bandit_weight)) {
    return wrong(fields, "bandit_weight", "is none of the weights that the bandit gives");
  }
  const bool is_promoted = state.ending == Ending::kPromoted;
  const bool wants_promoted = state.phase == Phase::kFull || state.phase == Phase::kDone;
  const bool wants_other = contains(set_of(Phase::kAborting, Phase::kCooling, Phase::kEnded), state.phase);
  if (is_promoted != wants_promoted || (state.ending.has_value() && !is_promoted) != wants_other) {
    return wrong(fields, "ending", fmt::format("is not one of {}", phase_name(state.phase)));
  }
  return ok();
}

}  // namespace

std::string_view ending_name(Ending ending) {
  return kEndings[static_cast<std::size_t>(ending)];
}

std::optional<Ending> parse_ending(std::string_view name) {
  return find_name<Ending>(kEndings, name);
}

std::string_view hold_cause_name(HoldCause cause) {
  return kCauses[static_cast<std::size_t>(cause)];
}

RolloutState start_of(UtcTime now) {
  RolloutState state;
  state.started = state.phase_since = state.step_since = state.weight_since = now;
  return state;
}

Phase place_of(const RolloutState& state) {
  return state.returns_to.value_or(state.phase);
}

Phase phase_of(StageKind kind) {
  switch (kind) {
    case StageKind::kShadow: return Phase::kShadow;
    case StageKind::kCanary: return Phase::kCanary;
    case StageKind::kExperiment: return Phase::kExperiment;
    case StageKind::kBandit: return Phase::kBandit;
  }
  return Phase::kShadow;
}

Json to_json(const RolloutState& state) {
  Json json = {{"phase", phase_name(state.phase)},
               {"stage", state.stage},
               {"step", state.step},
               {"started", format_utc(state.started)},
               {"phase_since", format_utc(state.phase_since)},
               {"step_since", format_utc(state.step_since)},
               {"bandit_weight", state.bandit_weight},
               {"weight_since", format_utc(state.weight_since)},
               {"approval", kApprovals[static_cast<std::size_t>(state.approval)]},
               {"reason", state.reason},
               {"verdicts", Json::array()},
               {"history", Json::array()}};
  if (state.returns_to) json["returns_to"] = phase_name(*state.returns_to);
  if (state.held_for) json["held_for"] = hold_cause_name(*state.held_for);
  if (state.ending) json["ending"] = ending_name(*state.ending);
  if (state.fired) json["fired"] = to_json(*state.fired);
  for (const Verdict& verdict : state.verdicts) json["verdicts"].push_back(to_json(verdict));
  for (const Transition& transition : state.history) json["history"].push_back(transition_json(transition));
  return json;
}

Result<RolloutState> parse_rollout_state(const Json& value, const RolloutSpec& spec) {
  RolloutState state;
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "state"));
  MODELYARD_TRY(need_name(fields, "phase", parse_phase, state.phase));
  MODELYARD_TRY(read_name(fields, "returns_to", parse_phase, state.returns_to));
  MODELYARD_TRY(read_place(fields, spec, state.stage, state.step));
  MODELYARD_TRY(read_time(fields, "started", state.started));
  MODELYARD_TRY(read_time(fields, "phase_since", state.phase_since));
  MODELYARD_TRY(read_time(fields, "step_since", state.step_since));
  MODELYARD_TRY(read_number(fields, "bandit_weight", kWhole, state.bandit_weight));
  state.weight_since = state.step_since;
  if (fields.optional_any("weight_since") != nullptr) {  // of an earlier server there is none
    MODELYARD_TRY(read_time(fields, "weight_since", state.weight_since));
  }
  MODELYARD_TRY(need_name(fields, "approval", parse_approval, state.approval));
  MODELYARD_TRY(read_name(fields, "held_for", parse_hold_cause, state.held_for));
  MODELYARD_TRY(read_name(fields, "ending", parse_ending, state.ending));
  MODELYARD_TRY(read_text(fields, "reason", state.reason));
  MODELYARD_TRY(read_verdicts(fields, state));
  MODELYARD_TRY(read_history(fields, spec, state));
  MODELYARD_TRY(fields.finish());
  MODELYARD_TRY(check_consistent(fields, spec, state));
  return state;
}

}  // namespace modelyard::rollout
