#include "rollout/machine/machine.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/rewards.h"
#include "rollout/machine/bandit_weights.h"
#include "rollout/machine/movement.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

// One look at one rollout. The parts return whether they changed the state; why_ says why not.
class Round {
 public:
  Round(const RolloutSpec& spec, const RolloutState& state, const Look& look)
      : spec_(spec), look_(look), next_(state), is_frozen_(is_frozen(spec.freeze, look.now)) {}

  Decision decide() {
    keep_verdicts();
    if (watch_guards()) return decided(true);
    return decided(move());
  }

 private:
  bool watch_guards();
  bool move();
  bool admit();
  bool verify();
  bool judge_step();
  bool pass_step();
  bool follow_rewards();
  bool settle();
  bool cool();

  struct Missing {
    HoldCause cause{};
    std::string why;
  };
  bool run_out(const Missing& lacking);
  bool fail_without_data();
  bool is_unasked(const Verdict& verdict) const {
    return verdict.outcome == Outcome::kNoData && std::ranges::find(look_.unasked, verdict.gate) != look_.unasked.end();
  }
  bool lacks_data(const Verdict& verdict, OnNoData then) const;
  std::optional<Missing> missing() const;
  std::optional<Missing> missing_samples() const;
  std::optional<Missing> missing_verdict() const;
  std::optional<Missing> missing_time() const;
  const Verdict* of_reward() const;
  bool may_fire(const Verdict& verdict) const;

  void keep_verdicts();
  Decision decided(bool changed) {
    if (changed) why_ = next_.reason;
    return {std::move(next_), changed, std::move(why_)};
  }
  bool wait(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool wait_for_thaw() {
    return wait(fmt::format("frozen until {}", format_utc(*frozen_until(spec_.freeze, look_.now))));
  }
  bool is_time_up() const { return since(next_.step_since) >= step().most_duration; }
  const Step& step() const { return spec_.stages[next_.stage].steps[next_.step]; }
  std::chrono::seconds since(UtcTime begin) const {
    return std::chrono::floor<std::chrono::seconds>(std::max(look_.now - begin, UtcTime::duration(0)));
  }
  void forward(std::string_view why) { go_forward(spec_, next_, why, look_.now); }
  void back_out(Ending ending, std::string_view why) { rollout::back_out(spec_, next_, ending, why, look_.now); }
  void go(Event event, Phase to, std::string why) { apply(spec_, next_, {event, to, std::move(why), ""}, look_.now); }

  const RolloutSpec& spec_;
  const Look& look_;
  RolloutState next_;
  std::string why_;
  bool is_frozen_;
};

void Round::keep_verdicts() {
  if (!is_allowed(next_.phase, Event::kBackOut)) return;  // what was seen when it was decided stays
  const std::size_t count = std::min(look_.verdicts.size(), RolloutState::kMostVerdicts);
  next_.verdicts.assign(look_.verdicts.begin(), look_.verdicts.begin() + static_cast<std::ptrdiff_t>(count));
}

bool Round::watch_guards() {
  if (!is_allowed(next_.phase, Event::kBackOut)) return false;
  if (look_.readiness == Readiness::kFailed) {
    back_out(Ending::kRejected, fmt::format("the candidate failed: {}", look_.failure));
    return true;
  }
  const auto failed = std::ranges::find_if(
      look_.verdicts, [&](const Verdict& verdict) { return verdict.outcome == Outcome::kFail && may_fire(verdict); });
  if (failed == look_.verdicts.end()) return false;
  next_.fired = *failed;
  back_out(Ending::kRejected, fmt::format("gate '{}' failed: {}", failed->gate, failed->because));
  return true;
}

bool Round::move() {
  switch (next_.phase) {
    case Phase::kPending: return admit();
    case Phase::kVerifying: return verify();
    case Phase::kShadow:
    case Phase::kCanary:
    case Phase::kExperiment:
    case Phase::kBandit: return judge_step();
    case Phase::kPaused:
    case Phase::kHolding: return wait(fmt::format("waits for a person: {}", next_.reason));
    case Phase::kFull: return settle();
    case Phase::kAborting:
      if (!look_.in_force) return wait("stable is not in force everywhere yet");
      go(Event::kInForce, Phase::kCooling, "all traffic is stable's");
      return true;
    case Phase::kCooling: return cool();
    case Phase::kDone:
    case Phase::kEnded: return wait("it is over");
  }
  return false;
}

bool Round::admit() {
  if (is_frozen_) return wait_for_thaw();
  go(Event::kAdmit, Phase::kVerifying, "the candidate is loaded and checked");
  return true;
}

bool Round::verify() {
  if (look_.readiness == Readiness::kReady) {
    if (is_frozen_) return wait_for_thaw();
    forward("the candidate is ready");
    return true;
  }
  if (since(next_.phase_since) < spec_.ready_within) return wait("the candidate is not ready yet");
  back_out(Ending::kRejected,
           fmt::format("the candidate was not ready within {}", format_duration(spec_.ready_within)));
  return true;
}

bool Round::judge_step() {
  if (const auto biased = std::ranges::find(look_.verdicts, Outcome::kSrm, &Verdict::outcome);
      biased != look_.verdicts.end()) {
    next_.held_for = HoldCause::kSrm;
    go(Event::kHold, Phase::kHolding, fmt::format("the split is not as planned: {}", biased->because));
    return true;
  }
  const auto lacking = missing();
  if (!lacking) return pass_step();
  why_ = lacking->why;
  if (is_time_up()) {
    const bool waits = std::ranges::any_of(look_.verdicts, [this](const Verdict& one) { return is_unasked(one); });
    if (waits && since(next_.step_since) < step().most_duration + kAskedWithin) return false;
    return fail_without_data() || run_out(*lacking);
  }
  return follow_rewards();
}

bool Round::pass_step() {
  if (step().pause && next_.approval != Approval::kGiven) {
    next_.approval = Approval::kAsked;
    go(Event::kAsk, Phase::kPaused, "the step passed, and waits for a person to resume or abort");
    return true;
  }
  if (is_frozen_) return wait_for_thaw();
  const Verdict* const reward = of_reward();
  forward(fmt::format("step {} of {} passed{}{}", next_.step + 1, phase_name(next_.phase), reward ? ": " : "",
                      reward ? reward->because : ""));
  return true;
}

// Of those that were asked for; `then` is what the gate wants when time is up.
bool Round::lacks_data(const Verdict& verdict, OnNoData then) const {
  if (verdict.outcome != Outcome::kNoData || is_unasked(verdict)) return false;
  const auto gate = parse_gate(verdict.gate);
  return gate && gate->on_no_data == then;  // a reward is no gate
}

bool Round::fail_without_data() {
  if (look_.readiness != Readiness::kReady || !look_.in_force) return false;
  const auto failed = std::ranges::find_if(
      look_.verdicts, [this](const Verdict& verdict) { return lacks_data(verdict, OnNoData::kFail); });
  if (failed == look_.verdicts.end()) return false;
  next_.fired = *failed;
  back_out(Ending::kRejected, fmt::format("gate '{}' has no data after {}: {}", failed->gate,
                                          format_duration(step().most_duration), failed->because));
  return true;
}

bool Round::run_out(const Missing& lacking) {
  const std::string why = fmt::format("after {}: {}", format_duration(step().most_duration), lacking.why);
  if (spec_.on_inconclusive == OnInconclusive::kAbort) {
    back_out(Ending::kInconclusive, why);
    return true;
  }
  next_.held_for = lacking.cause;
  go(Event::kHold, Phase::kHolding, why);
  return true;
}

bool Round::follow_rewards() {
  if (next_.phase != Phase::kBandit || !look_.bandit_weight || !look_.in_force) return false;
  const Stage& stage = spec_.stages[next_.stage];
  const int weight = next_bandit_weight(stage, next_.bandit_weight, *look_.bandit_weight);
  const bool may_rise = !is_frozen_ && look_.readiness == Readiness::kReady;
  if (weight == next_.bandit_weight || (weight > next_.bandit_weight && !may_rise)) return false;
  if (since(next_.weight_since) < bandit_rest(spec_, stage)) return false;
  next_.bandit_weight = weight;
  next_.weight_since = look_.now;
  next_.reason = fmt::format("the rewards move the weight to {} %", weight / 100.0);
  return true;
}

bool Round::settle() {
  if (!look_.in_force) return wait("the promotion is not in force everywhere yet");
  if (since(next_.phase_since) < spec_.keep_warm) return wait("the old version is kept warm");
  if (is_frozen_) return wait_for_thaw();  // the way back stays open while nobody is there
  go(Event::kSettle, Phase::kDone, fmt::format("nothing failed for {}", format_duration(spec_.keep_warm)));
  return true;
}

bool Round::cool() {
  if (since(next_.phase_since) < spec_.cooling) return wait("the candidate stays loaded a little");
  go(Event::kCooled, Phase::kEnded, "the candidate is let go");
  return true;
}

std::optional<Round::Missing> Round::missing() const {
  if (auto samples = missing_samples()) return samples;
  if (auto verdict = missing_verdict()) return verdict;
  return missing_time();
}

std::optional<Round::Missing> Round::missing_samples() const {
  if (look_.readiness != Readiness::kReady) return Missing{HoldCause::kNoData, "the candidate is not ready"};
  if (!look_.in_force) return Missing{HoldCause::kNoData, "the step's traffic is not in force everywhere yet"};
  const std::uint64_t samples = next_.phase == Phase::kShadow ? look_.shadow_samples : look_.candidate_samples;
  if (samples >= step().min_samples) return std::nullopt;
  return Missing{HoldCause::kNoData, fmt::format("{} of {} samples", samples, step().min_samples)};
}

std::optional<Round::Missing> Round::missing_time() const {
  const auto age = since(next_.step_since);
  if (age >= step().hold) return std::nullopt;
  return Missing{HoldCause::kInconclusive, fmt::format("{} of {}", format_duration(age), format_duration(step().hold))};
}

std::optional<Round::Missing> Round::missing_verdict() const {
  for (const Verdict& verdict : look_.verdicts) {
    if (verdict.outcome == Outcome::kPass) continue;
    if (is_time_up() && lacks_data(verdict, OnNoData::kPass)) continue;
    return Missing{verdict.outcome == Outcome::kNoData ? HoldCause::kNoData : HoldCause::kInconclusive,
                   fmt::format("gate '{}' is {}: {}", verdict.gate, outcome_name(verdict.outcome), verdict.because)};
  }
  for (const std::string& line : verdict_lines(spec_, next_.stage, next_.step)) {
    if (std::ranges::find(look_.verdicts, line, &Verdict::gate) != look_.verdicts.end()) continue;
    return Missing{HoldCause::kNoData, fmt::format("gate '{}' was not judged", line)};
  }
  return std::nullopt;
}

const Verdict* Round::of_reward() const {
  if (place_of(next_) != Phase::kBandit) return nullptr;
  const auto found = std::ranges::find(look_.verdicts, reward_line(spec_.stages[next_.stage].metric), &Verdict::gate);
  return found == look_.verdicts.end() ? nullptr : &*found;
}

// Guards always; a reward, with which somebody is the worse one at every look, when there has been enough to see.
bool Round::may_fire(const Verdict& verdict) const {
  if (&verdict != of_reward()) return true;
  return next_.phase == Phase::kBandit && !missing_samples() && !missing_time();
}

}  // namespace

std::vector<std::string> verdict_lines(const RolloutSpec& spec, std::size_t stage, std::size_t step) {
  std::vector<std::string> lines = gates_of(spec, stage, step);
  const Stage& of = spec.stages[stage];
  if (of.kind == StageKind::kBandit) lines.insert(lines.begin(), reward_line(of.metric));
  return lines;
}

Decision advance(const RolloutSpec& spec, const RolloutState& state, const Look& look) {
  return Round(spec, state, look).decide();
}

}  // namespace modelyard::rollout
