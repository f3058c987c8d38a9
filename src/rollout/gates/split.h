// judge_split says whether units reached the versions in the shares that were planned (sample-ratio mismatch). When they
// did not, those that are missing are seldom like those that came, and no comparison can be trusted.
//
// Counts: of units, each once in a step (unit_sample.h); where each request is assigned by itself, it is a unit. They are
//         to be counted once all that came before them have been answered: of a slower version the last ones are missing.
// Merged: e-values of a sample's levels by a weighted mean, the first ones with more weight: 1/(k(k + 1)) for the k-th;
//         what is left is that of levels to come, whose e-value is 1. Each stays as it was when its level was left, as
//         an e-process may be stopped whenever one likes. Steps likewise: units of one are there in the next, too.
// Errors: none: a share that is not planned between 0 and 1 has no split, and is left out.
// Source: Lindon & Malek, NeurIPS 2022 (statistics/sequential/e_values.h); alpha: Fabijan et al., KDD 2019.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rollout/gates/unit_sample.h"

namespace modelyard::rollout {

struct StepSplit {
  double planned = 0;              // share of the candidate
  std::vector<UnitCounts> levels;  // of the sample of its units
};

struct SplitVerdict {
  bool is_judged = false;  // there was something to judge
  bool is_mismatch = false;
  double log_e = 0;
  std::string because = "the split was not judged";  // by the counts that say most
};

inline constexpr double kSplitAlpha = 0.0005;

SplitVerdict judge_split(std::span<const StepSplit> steps, double alpha = kSplitAlpha);

}  // namespace modelyard::rollout
