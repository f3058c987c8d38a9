// Traffic is what a rollout asks of serving while it stands where it stands. It follows from spec and state alone, so that
// a restart publishes the same plan.
//
// Units:   parts of 10,000.
// Threads: pure.
#pragma once

#include "rollout/machine/spec.h"
#include "rollout/machine/state.h"

namespace modelyard::rollout {

struct Traffic {
  int candidate_weight = 0;      // of requests; the rest are stable's
  int shadow_share = 0;          // of stable's requests, copied to the candidate
  bool keeps_candidate = false;  // loaded, with or without requests
  bool keeps_stable = true;
  bool falls_back = false;  // stable answers what the candidate fails to

  friend bool operator==(const Traffic&, const Traffic&) = default;
};

// Pre: the state is one of the spec's.
Traffic traffic_of(const RolloutSpec& spec, const RolloutState& state);

}  // namespace modelyard::rollout
