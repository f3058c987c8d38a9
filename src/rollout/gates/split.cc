#include "rollout/gates/split.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "statistics/sequential/e_values.h"

namespace modelyard::rollout {
namespace {

double log_e_of(const StepSplit& step) {
  const std::array<std::uint64_t, 2> counts{step.candidate, step.stable};
  const std::array<double, 2> shares{step.planned, 1 - step.planned};
  const auto log_e = statistics::split_log_e(counts, shares);
  MODELYARD_CHECK(log_e.has_value(), "two shares between 0 and 1 sum to 1");
  return *log_e;
}

}  // namespace

SplitVerdict judge_split(std::span<const StepSplit> steps, CountedBy counted_by, double alpha) {
  if (counted_by == CountedBy::kRequestsOfStickyUnits) {
    return {.because = "requests of units that stick to a version come together: count units to judge the split"};
  }
  std::vector<double> log_e;
  double planned = 0, candidate = 0, all = 0;
  for (const StepSplit& step : steps) {
    if (!(step.planned > 0 && step.planned < 1) || step.candidate + step.stable == 0) continue;
    log_e.push_back(log_e_of(step));
    const auto of_step = static_cast<double>(step.candidate) + static_cast<double>(step.stable);
    planned += step.planned * of_step;
    candidate += static_cast<double>(step.candidate);
    all += of_step;
  }
  if (log_e.empty()) return {.because = "no traffic has been split yet"};
  const bool are_units = counted_by == CountedBy::kUnits;
  SplitVerdict verdict;
  verdict.log_e = are_units ? statistics::mean_of(log_e) : statistics::product_of(log_e);
  verdict.is_mismatch = verdict.log_e >= -std::log(alpha);
  verdict.because = fmt::format("{:.4g} % of {:.0f} {} went to the candidate; planned were {:.4g} %{}",
                                100 * candidate / all, all, are_units ? "units" : "requests", 100 * planned / all,
                                verdict.is_mismatch ? ": what is missing may be what matters" : "");
  return verdict;
}

}  // namespace modelyard::rollout
