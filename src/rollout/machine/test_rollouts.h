// Rollouts for tests: a spec in every stage, and looks at it that are good unless a test says otherwise.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "rollout/machine/command.h"
#include "rollout/machine/machine.h"
#include "rollout/machine/movement.h"
#include "rollout/machine/traffic.h"

namespace modelyard::rollout {

inline RolloutSpec spec_of(std::string_view text) {
  const auto document = parse_json(text);
  EXPECT_TRUE(document) << document.error().message();
  const auto spec = parse_rollout_spec(*document);
  EXPECT_TRUE(spec) << spec.error().message();
  return *spec;
}

// Every stage, a step that waits for a person, and gates.
inline RolloutSpec whole_spec() {
  return spec_of(R"({"candidate": 8, "stable": 7, "gates": ["error_rate <= 1%"], "hold": "5m", "most_duration": "1h",
    "fallback": true, "sticky": "header:x-user",
    "freeze": [{"from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}],
    "stages": [{"shadow": {"share": "10%", "gates": ["disagreement <= 2%"]}},
               {"canary": {"steps": [1, {"weight": 10, "pause": true}, {"weight": 25, "gates": ["p99_ms <= 40"]}]}},
               {"experiment": {"weight": 30, "metric": "conversion >= stable", "guardrails": ["p99_ms <= 50"]}},
               {"bandit": {"weight": 40, "reward": "conversion", "floor": 20}}]})");
}

inline RolloutSpec canary_spec() {
  return spec_of(R"({"candidate": 8, "strategy": "canary", "steps": [1, 50], "gates": ["error_rate <= 1%"],
                     "hold": "5m", "min_samples": 100, "most_duration": "1h"})");
}

inline RolloutSpec bandit_spec() {
  return spec_of(R"({"candidate": 8, "strategy": "bandit", "reward": "conversion", "floor": 1, "hold": "2h"})");
}

inline UtcTime at_seconds(std::int64_t seconds) {
  return UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)) + std::chrono::seconds(seconds);
}

inline Verdict verdict_of(std::string gate, Outcome outcome) {
  Verdict verdict;
  verdict.gate = std::move(gate);
  verdict.outcome = outcome;
  verdict.because = "of its numbers";
  return verdict;
}

// Everything is there and passes.
inline Look good_look(const RolloutSpec& spec, const RolloutState& state, UtcTime now) {
  Look look{.now = now,
            .readiness = Readiness::kReady,
            .failure = "",
            .in_force = true,
            .candidate_samples = 1'000'000,
            .shadow_samples = 1'000'000,
            .bandit_weight = std::nullopt,
            .verdicts = {}};
  if (!contains(kStagePhases, place_of(state))) return look;
  for (const std::string& line : verdict_lines(spec, state.stage, state.step)) {
    look.verdicts.push_back(verdict_of(line, Outcome::kPass));
  }
  return look;
}

inline Order order_of(Command command, UtcTime now) {
  return {.command = command, .actor = "ada", .reason = "because", .now = now};
}

}  // namespace modelyard::rollout
