// judge_split says whether requests reached the versions in the shares that were planned (sample-ratio mismatch). When
// they did not, those that are missing are seldom like those that came, and no comparison can be trusted.
//
// Counts: of units, each once in a step, where units stick to an arm (unit_sample.h); of requests where each is assigned
//         by itself.
// Levels: e-values of a sample's levels are averaged, the first ones with more weight: 1/((L + 1)(L + 2)) for level L;
//         what is left is that of levels to come, whose e-value is 1. Each stays as it was when its level was left, as
//         an e-process may be stopped whenever one likes.
// Steps:  the evidence of requests multiplies. Units of one step are there in the next, too, so that theirs is
//         averaged.
// Errors: none: a share that is not planned between 0 and 1 has no split, and is left out.
// Source: Lindon & Malek, NeurIPS 2022 (statistics/sequential/e_values.h); alpha: Fabijan et al., KDD 2019.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rollout/gates/unit_sample.h"

namespace modelyard::rollout {

enum class CountedBy { kUnits, kIndependentRequests };

struct StepSplit {
  double planned = 0;              // share of the candidate
  std::vector<UnitCounts> levels;  // of requests: one
};

struct SplitVerdict {
  bool is_judged = false;  // there was something to judge
  bool is_mismatch = false;
  double log_e = 0;
  std::string because = "the split was not judged";
};

inline constexpr double kSplitAlpha = 0.0005;

SplitVerdict judge_split(std::span<const StepSplit> steps, CountedBy counted_by, double alpha = kSplitAlpha);

}  // namespace modelyard::rollout
