// Differences between the arms of a rollout, step by step: traffic of Monday may be unlike that of Friday, and the
// candidate's share of it has grown since, so that only requests of the same step are compared.
//
// Weights:  of a step n_c·n_s/(n_c + n_s); of labelled pairs their number.
// Variance: over buckets of units (unit_sums.h), across steps and arms; never less than that of independent requests.
//           For shares that one has two more successes and two more failures than were seen (Agresti & Coull, Am. Stat.
//           1998), so that a candidate without failures so far is not taken for one that cannot fail.
// Threads:  pure.
#pragma once

#include <optional>
#include <vector>

#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/unit_sums.h"

namespace modelyard::rollout {

// What a gate of shares or means is about, of one arm: nothing where it was not counted.
std::optional<UnitRatio> signal_of(const Gate& gate, const ArmEvidence& arm);
// One request, or value, varies by so much.
double spread_of(const UnitRatio& all, Signal signal);

struct Difference {
  double value = 0;  // candidate − factor·stable
  double variance = 0;
  double spread = 0;        // of one request: √variance
  UnitRatio candidate;      // of steps that both arms have, and of labelled pairs
  UnitRatio stable;         // likewise
  double candidate_is = 0;  // in the steps' mixture; NaN when there are only pairs
  double stable_is = 0;
  double pairs = 0, candidate_only = 0, stable_only = 0;
};

// Nothing when no step has both arms. For `accuracy` against stable plus something, labelled pairs count too.
std::optional<Difference> find_difference(const Gate& gate, const Evidence& evidence);

}  // namespace modelyard::rollout
