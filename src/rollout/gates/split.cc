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

// Of a weighted mean of e-values, those to come among them.
double merged(std::span<const double> log_e) {
  double most = -std::log(static_cast<double>(log_e.size()) + 1);
  std::vector<double> terms{most};
  for (std::size_t i = 0; i < log_e.size(); ++i) {
    const auto place = static_cast<double>(i);
    terms.push_back(log_e[i] - std::log((place + 1) * (place + 2)));
    most = std::max(most, terms.back());
  }
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum);
}

}  // namespace

SplitVerdict judge_split(std::span<const StepSplit> steps, double alpha) {
  SplitVerdict verdict;
  std::vector<double> of_steps;
  double most = -std::numeric_limits<double>::infinity(), planned = 0;
  UnitCounts telling;
  for (const StepSplit& step : steps) {
    if (!(step.planned > 0 && step.planned < 1)) continue;
    std::vector<double> of_levels;
    for (const UnitCounts& level : step.levels) {
      if (level.candidate + level.stable == 0) continue;
      of_levels.push_back(log_e_of(level, step.planned));
      if (of_levels.back() < most) continue;
      most = of_levels.back();
      telling = level;
      planned = step.planned;
    }
    if (!of_levels.empty()) of_steps.push_back(merged(of_levels));
  }
  if (of_steps.empty()) {
    verdict.because = "no traffic has been split yet";
    return verdict;
  }
  verdict.is_judged = true;
  verdict.log_e = merged(of_steps);
  verdict.is_mismatch = verdict.log_e >= -std::log(alpha);
  const auto all = static_cast<double>(telling.candidate + telling.stable);
  verdict.because = fmt::format("{:.4g} % of {:.0f} units went to the candidate; planned were {:.4g} %{}",
                                100 * static_cast<double>(telling.candidate) / all, all, 100 * planned,
                                verdict.is_mismatch ? ": what is missing may be what matters" : "");
  return verdict;
}

}  // namespace modelyard::rollout
