#include "rollout_simulation/simulation.h"

#include <algorithm>
#include <cmath>

#include "rollout/machine/command.h"
#include "rollout/machine/looking.h"
#include "rollout/machine/traffic.h"

namespace modelyard::rollout {
namespace {

constexpr auto kLongest = std::chrono::days(2 * 366);  // for freezes without an end

bool shows_in_requests(Signal signal) {
  return signal == Signal::kErrorRate || signal == Signal::kTimeoutRate || signal == Signal::kNonfiniteRate ||
         signal == Signal::kLatency;
}

Status check(const RolloutSpec& spec, std::span<const Gate> gates) {
  for (const Stage& stage : spec.stages) {
    if (stage.kind != StageKind::kShadow) continue;
    return error(Code::kUnimplemented, "a stage 'shadow' is not simulated; canary, experiment and bandit are");
  }
  if (spec.fallback) return error(Code::kUnimplemented, "fallback is not simulated");
  if (spec.layer) {
    return error(Code::kUnimplemented,
                 "layer: a slice is not simulated; leave it out, and say how many requests a second are within it");
  }
  for (const Gate& gate : gates) {
    if (shows_in_requests(gate.signal) && !gate.window) continue;
    return error(Code::kUnimplemented,
                 "gate '{}' is not simulated; error_rate, timeout_rate, nonfinite_rate and latencies are, without "
                 "'over'",
                 gate.text);
  }
  return ok();
}

Status check(const SimulatedWorld& world) {
  MODELYARD_TRY(validate(world.stable));
  MODELYARD_TRY(validate(world.candidate));
  if (!(world.requests_per_second > 0 && world.requests_per_second <= SimulatedWorld::kMostPerSecond)) {
    return error(Code::kInvalidArgument, "requests per second: expected more than 0, and at most {:.0f}",
                 SimulatedWorld::kMostPerSecond);
  }
  if (world.units <= SimulatedWorld::kMostUnits) return ok();
  return error(Code::kInvalidArgument, "units: at most {}", SimulatedWorld::kMostUnits);
}

TrafficPlan plan_of(const RolloutSpec& spec, const RolloutState& state) {
  const int weight = traffic_of(spec, state).candidate_weight;
  TrafficPlan plan;
  plan.stable = *spec.stable;
  for (const Share share : {Share{*spec.stable, kWhole - weight}, Share{spec.candidate, weight}}) {
    if (share.weight > 0) plan.shares.push_back(share);
  }
  std::ranges::sort(plan.shares, {}, &Share::version);
  return plan;
}

// One rollout on its way.
class Walk {
 public:
  Walk(const RolloutSpec& spec, std::span<const Gate> gates, const SimulatedWorld& world, RequestStream& stream)
      : spec_(spec), gates_(gates), world_(world), stream_(stream), now_(world.begin), state_(start_of(now_)) {}

  SimulatedCourse go() {
    while (!is_over()) {
      pass_time();
      look();
    }
    return {state_, decision(), stream_.served()};
  }

 private:
  bool is_over() const {
    return contains(kTerminal, state_.phase) || state_.phase == Phase::kHolding || now_ - world_.begin >= kLongest;
  }

  void pass_time() {
    constexpr int kLooksOfAge = 200;
    const auto age = std::chrono::floor<std::chrono::seconds>(now_ - std::max(state_.phase_since, state_.step_since));
    now_ += std::max(spec_.tick, age / kLooksOfAge);
    const double all = world_.requests_per_second * std::chrono::duration<double>(now_ - world_.begin).count();
    const auto due = static_cast<std::uint64_t>(all);
    const auto step = counted_step(spec_, state_);
    stream_.serve(due - come_, plan_of(spec_, state_), step ? &step_of(evidence_.all(), *step) : nullptr);
    come_ = due;
  }

  void look() {
    Look seen{.now = now_, .readiness = Readiness::kReady, .in_force = true};
    see_evidence(spec_, state_, gates_, evidence_, seen);
    state_ = advance(spec_, state_, seen).next;
    if (state_.phase != Phase::kPaused) return;
    const auto resumed = command(spec_, state_, {Command::kResume, "simulation", "nobody lets it wait", now_});
    MODELYARD_CHECK(resumed.has_value(), "what is paused can be resumed");
    state_ = resumed->next;
  }

  std::optional<std::chrono::seconds> decision() const {
    constexpr PhaseSet kDecided = set_of(Phase::kFull, Phase::kAborting, Phase::kHolding);
    for (auto move = state_.history.rbegin(); move != state_.history.rend(); ++move) {
      if (contains(kDecided, move->to)) return std::chrono::ceil<std::chrono::seconds>(move->at - world_.begin);
    }
    return std::nullopt;
  }

  const RolloutSpec& spec_;
  const std::span<const Gate> gates_;
  const SimulatedWorld& world_;
  RequestStream& stream_;
  UtcTime now_;
  RolloutState state_;
  WindowedEvidence evidence_;
  std::uint64_t come_ = 0;
};

}  // namespace

Result<Simulation> Simulation::make(RolloutSpec spec, const SimulatedWorld& world) {
  if (!spec.stable) spec.stable = spec.candidate > 1 ? spec.candidate - 1 : spec.candidate + 1;
  MODELYARD_ASSIGN(std::vector<Gate> gates, parse_gates(all_gates(spec)));
  MODELYARD_TRY(check(spec, gates));
  MODELYARD_TRY(check(world));
  return Simulation(std::move(spec), std::move(gates), world);
}

SimulatedCourse Simulation::run(std::uint64_t seed) const {
  const bool is_sticky = spec_.sticky.by != KeyKind::kNone;
  const auto reward = reward_of(spec_);
  RequestStream stream({stable_, candidate_},
                       unit_hashes(fmt::format("simulation-{}", seed), is_sticky ? world_.units : 0), seed,
                       reward ? reward->metric : "");
  return Walk(spec_, gates_, world_, stream).go();
}

std::string_view outcome_of(const SimulatedCourse& course) {
  return ending_name(course.state.ending.value_or(Ending::kInconclusive));
}

}  // namespace modelyard::rollout
