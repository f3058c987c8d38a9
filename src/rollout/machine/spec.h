// RolloutSpec is how a new version of a model is to reach the users of an endpoint: by which stages, on what evidence,
// and what happens when there is none.
//
// Form: {"candidate": 8, "stable"?: 7, "strategy": "immediate" | "shadow" | "canary" | "experiment" | "bandit" with the
//        fields of that stage beside it, or "stages": [{"shadow": {…}}, {"canary": {…}}, …], and:}
//
//   field            default     what it is
//   gates            []          lines like "error_rate <= 0.5%", for every step; each is up to 200 bytes
//   hold             "5m"        least time of a step; experiment and bandit: "24h"
//   min_samples      100         answers of the candidate (shadow: compared copies) that a step needs at least
//   most_duration    "24h"       of a step; experiment and bandit: "14d"; of both, twice the hold where that is longer.
//                                Behind it, a step that has not passed is inconclusive.
//   on_inconclusive  "hold"      or "abort"
//   alpha            0.05        chance of rejecting a version that is no worse, over the whole rollout
//   ready_within     "10m"       for loading and verifying the candidate; then it is rejected
//   keep_warm        "30s"       how long the old version stays loaded behind the promotion
//   cooling          "30s"       how long the candidate stays loaded behind a back-out
//   fallback         false       stable answers when the candidate fails to
//   sticky           "header:Modelyard-Unit"  or "header:NAME", "principal", "none": what keeps a caller at one version
//   overrides        []          up to 64 {"key": "header:NAME" | "principal", "value", "arm": "candidate" | "stable"}: whose
//                                requests get an arm whatever the shares are, from the first stage to the end; the
//                                first that fits decides, and who gets one counts for no gate
//   layer            none        {"name", "from", "to"}: only the units in this slice, in percent, are in the rollout, and
//                                the shares are of them; the others are stable's until the candidate is promoted
//   tick             "1s"        between two looks
//   freeze           []          as freeze.h says
//   signals          {}          what gates on `signal:NAME` ask others, as spec_signals.h says
//
//   A stage has hold, min_samples, most_duration and gates of its own (those of the spec are added), and:
//   shadow           share 100   percent of requests of which the candidate sees a copy
//                    tolerance 0.001  how far numbers may lie from each other and be alike, relatively
//   canary           steps       [1, "5%", {"weight": 25, "hold", "min_samples", "most_duration", "gates", "pause"?: true}]
//                                in percent; pause waits for a person behind the step
//   experiment       weight 50, metric (a gate line), guardrails [gate lines]
//   bandit           weight 50 to begin with, floor 5 that both versions keep (below 50), reward (the name of a metric of 0
//                    and 1, or accuracy); bandit_weights.h, rollout/gates/rewards.h
//
// Shares: parts of 10,000 here, percent in documents, in steps of 0.01.
// Errors: InvalidArgument naming the field and what to write.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/names.h"
#include "base/result.h"
#include "rollout/gates/external_signal.h"
#include "rollout/machine/freeze.h"
#include "rollout/traffic_plan.h"

namespace modelyard::rollout {

enum class StageKind { kShadow, kCanary, kExperiment, kBandit };
std::string_view stage_kind_name(StageKind kind);  // "shadow", "canary", "experiment", "bandit"

struct Step {
  int weight = 0;  // of the candidate; a bandit's: to begin with
  std::chrono::seconds hold{0};
  std::chrono::seconds most_duration{0};
  std::uint64_t min_samples = 0;
  std::vector<std::string> gates;  // of its own
  bool pause = false;

  friend bool operator==(const Step&, const Step&) = default;
};

struct Stage {
  StageKind kind{};
  std::vector<Step> steps;  // of canary one or more, of the others one
  int share = 0;            // shadow
  double tolerance = 0;     // shadow
  int floor = 0;            // bandit
  std::string metric;       // experiment: the primary gate; bandit: the reward

  friend bool operator==(const Stage&, const Stage&) = default;
};

enum class OnInconclusive { kHold, kAbort };

struct ArmOverride {
  RequestKey key;
  std::string value;
  Arm arm = Arm::kCandidate;

  friend bool operator==(const ArmOverride&, const ArmOverride&) = default;
};

struct RolloutSpec {
  VersionNumber candidate = 0;
  std::optional<VersionNumber> stable;  // else what the endpoint serves when the rollout begins
  std::vector<Stage> stages;            // none: immediate
  std::vector<std::string> gates;       // of every step
  double alpha = 0.05;
  OnInconclusive on_inconclusive = OnInconclusive::kHold;
  std::chrono::seconds ready_within{600};
  std::chrono::seconds keep_warm{30};
  std::chrono::seconds cooling{30};
  std::chrono::seconds tick{1};
  bool fallback = false;
  RequestKey sticky;
  std::vector<ArmOverride> overrides;
  std::optional<Layer> layer;
  std::vector<FreezeWindow> freeze;
  std::map<std::string, ExternalSignal> signals;  // by name

  friend bool operator==(const RolloutSpec&, const RolloutSpec&) = default;
};

Result<RolloutSpec> parse_rollout_spec(const Json& document);
// With every default written out; parse_rollout_spec() reads it back as the same spec.
Json to_json(const RolloutSpec& spec);

// Every gate that has to pass before the step is left, each once: the primary metric first, then the step's own, then the
// spec's. A bandit's reward is no gate.
std::vector<std::string> gates_of(const RolloutSpec& spec, std::size_t stage, std::size_t step);

}  // namespace modelyard::rollout
