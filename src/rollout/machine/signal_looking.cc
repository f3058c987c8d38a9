#include "rollout/machine/signal_looking.h"

#include <algorithm>

namespace modelyard::rollout {

std::set<std::string> signals_in_force(const RolloutSpec& spec, const RolloutState& state,
                                       std::span<const Gate> gates) {
  std::set<std::string> names;
  if (!counted_step(spec, state)) return names;
  const std::vector<std::string> asked = gates_in_force(spec, state);
  for (const Gate& gate : gates) {
    if (gate.is_external() && std::ranges::find(asked, gate.text) != asked.end()) names.insert(gate.metric);
  }
  return names;
}

void see_signals(const RolloutSpec& spec, const RolloutState& state, std::span<const Gate> gates,
                 const SignalReadings& readings, Look& look) {
  static const SignalReading kNothing;
  for (Verdict& verdict : look.verdicts) {
    const auto gate = std::ranges::find(gates, verdict.gate, &Gate::text);
    if (gate == gates.end() || !gate->is_external()) continue;
    const auto signal = spec.signals.find(gate->metric);
    if (signal == spec.signals.end()) continue;
    const auto reading = readings.find(gate->metric);
    if (reading == readings.end()) look.unasked.push_back(gate->text);
    Verdict judged = judge_signal(*gate, signal->second, reading == readings.end() ? kNothing : reading->second,
                                  state.step_since, look.now);
    const bool stands = verdict.outcome != Outcome::kSrm || judged.outcome == Outcome::kFail;
    if (stands) verdict = std::move(judged);
  }
}

}  // namespace modelyard::rollout
