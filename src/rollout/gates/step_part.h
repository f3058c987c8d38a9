// StepPart is what both arms did in one step of a rollout: only such is compared, since traffic of Monday may be unlike
// that of Friday, while the candidate's share of it has grown.
#pragma once

#include <vector>

#include "rollout/gates/unit_sums.h"

namespace modelyard::rollout {

// How much a step says of a difference, as a count; 0 when it lacks an arm.
constexpr double step_weight(double candidate, double stable) {
  return candidate > 0 && stable > 0 ? candidate * stable / (candidate + stable) : 0;
}

struct StepPart {
  double weight = 0;
  UnitRatio candidate, stable;
};

// Σ w²/n over steps whose weights sum to `all`: times the variance of one request it is that of the arm's mean.
inline double variance_factor(const std::vector<StepPart>& parts, double all, UnitRatio StepPart::* arm) {
  double sum = 0;
  for (const StepPart& part : parts) sum += part.weight * part.weight / (all * all) / (part.*arm).total_n;
  return sum;
}

}  // namespace modelyard::rollout
