// judge_split says whether requests reached the versions in the shares that were planned (sample-ratio mismatch). When
// they did not, those that are missing are seldom like those that came, and no comparison can be trusted.
//
// Counts: of units, each once in a step, where units stick to an arm. Requests will do only when each is assigned by
//         itself: those of one user come together.
// Steps:  the evidence of requests multiplies. Units of one step are there in the next, too, so that theirs is
//         averaged.
// Errors: none: a share that is not planned between 0 and 1 has no split, and is left out.
// Source: Lindon & Malek, NeurIPS 2022 (statistics/sequential/e_values.h); alpha: Fabijan et al., KDD 2019.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace modelyard::rollout {

enum class CountedBy { kUnits, kIndependentRequests, kRequestsOfStickyUnits };

struct StepSplit {
  double planned = 0;  // share of the candidate
  std::uint64_t candidate = 0, stable = 0;
};

struct SplitVerdict {
  bool is_mismatch = false;
  double log_e = 0;
  std::string because = "the split was not judged";
};

inline constexpr double kSplitAlpha = 0.0005;

SplitVerdict judge_split(std::span<const StepSplit> steps, CountedBy counted_by, double alpha = kSplitAlpha);

}  // namespace modelyard::rollout
