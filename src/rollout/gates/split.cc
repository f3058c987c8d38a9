#include "rollout/gates/split.h"

#include <array>
#include <cmath>

#include "base/check.h"
#include "base/result.h"
#include "statistics/sequential/e_values.h"

namespace modelyard::rollout {
namespace {

double log_e_of(const UnitCounts& seen, double planned) {
  const std::array<std::uint64_t, 2> counts{seen.candidate, seen.stable};
  const std::array<double, 2> shares{planned, 1 - planned};
  const auto log_e = statistics::split_log_e(counts, shares);
  MODELYARD_CHECK(log_e.has_value(), "two shares between 0 and 1 sum to 1");
  return *log_e;
}

// Of the weighted mean over levels; levels to come have an e-value of 1.
double log_e_of(std::span<const UnitCounts> levels, double planned) {
  const auto count = static_cast<double>(levels.size());
  double most = -std::log(count + 1);
  std::vector<double> terms{most};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto level = static_cast<double>(i);
    terms.push_back(log_e_of(levels[i], planned) - std::log((level + 1) * (level + 2)));
    most = std::max(most, terms.back());
  }
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum);
}

}  // namespace

SplitVerdict judge_split(std::span<const StepSplit> steps, CountedBy counted_by, double alpha) {
  const bool are_units = counted_by == CountedBy::kUnits;
  std::vector<double> log_e;
  double planned = 0, candidate = 0, all = 0;
  for (const StepSplit& step : steps) {
    if (!(step.planned > 0 && step.planned < 1) || step.levels.empty()) continue;
    const UnitCounts& seen = step.levels.back();
    if (seen.candidate + seen.stable == 0) continue;
    log_e.push_back(are_units ? log_e_of(step.levels, step.planned) : log_e_of(seen, step.planned));
    const auto of_step = static_cast<double>(seen.candidate + seen.stable);
    planned += step.planned * of_step;
    candidate += static_cast<double>(seen.candidate);
    all += of_step;
  }
  if (log_e.empty()) return {.because = "no traffic has been split yet"};
  SplitVerdict verdict;
  verdict.is_judged = true;
  verdict.log_e = are_units ? statistics::mean_of(log_e) : statistics::product_of(log_e);
  verdict.is_mismatch = verdict.log_e >= -std::log(alpha);
  verdict.because = fmt::format("{:.4g} % of {:.0f} {} went to the candidate; planned were {:.4g} %{}",
                                100 * candidate / all, all, are_units ? "units" : "requests", 100 * planned / all,
                                verdict.is_mismatch ? ": what is missing may be what matters" : "");
  return verdict;
}

}  // namespace modelyard::rollout
