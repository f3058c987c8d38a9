// PlanPreview says what a rollout would take at a given traffic: for each step the samples and the earliest times. It
// is what a dry run shows.
//
// Units:   shares in parts of 10,000; times since the beginning.
// Assumes: requests come evenly, the candidate is ready at once, every gate passes as soon as it has its samples, and
//          nobody lets a pause wait. So times are the earliest ones.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "rollout/machine/spec.h"

namespace modelyard::rollout {

struct Forecast {
  UtcTime now;
  double requests_per_second = 0;  // of the endpoint, at least 0
  // What the gates of each step need to decide, in the order of the steps; a step behind the end needs none.
  std::vector<std::uint64_t> samples_of_gates;
};

struct StepPreview {
  StageKind kind{};
  std::size_t stage = 0, step = 0;
  int share = 0;  // of requests that the candidate sees: its weight, or a shadow's share
  std::chrono::seconds hold{0}, most_duration{0};
  std::uint64_t needed_samples = 0;
  bool has_enough = false;                         // of samples, within most_duration
  std::optional<std::chrono::seconds> begin, end;  // none behind a step that has not enough
  std::optional<std::uint64_t> expected_samples;   // of the candidate, at its end
  bool waits_for_person = false;
  std::vector<std::string> gates;
};

struct PlanPreview {
  std::vector<StepPreview> steps;
  std::optional<std::chrono::seconds> earliest;  // until it is promoted; none when a step has not enough
  std::chrono::seconds latest{0};                // until it is promoted or inconclusive, freezes and pauses apart
};

PlanPreview preview(const RolloutSpec& spec, const Forecast& forecast);
// Times are whole seconds; what is not known is null.
Json to_json(const PlanPreview& preview);

}  // namespace modelyard::rollout
