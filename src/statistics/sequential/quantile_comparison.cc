#include "statistics/sequential/quantile_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "statistics/sequential/mixtures.h"

namespace modelyard::statistics {
namespace {

constexpr double kTunedAlpha = 0.05;  // of the boundary that is tight; evidence is valid at every level

Result<std::vector<double>> sorted(std::span<const double> values, std::string_view name) {
  if (values.empty()) return error(Code::kInvalidArgument, "{}: there are no values", name);
  std::vector<double> copy(values.begin(), values.end());
  if (std::ranges::any_of(copy, [](double value) { return std::isnan(value); })) {
    return error(Code::kInvalidArgument, "{}: NaN among the values", name);
  }
  std::ranges::sort(copy);
  return copy;
}

// How far the count of values below `candidate` is from what it is if that is the quantile; values that are equal to it
// may count as below or not.
double beyond(const std::vector<double>& values, double candidate, double share) {
  const double expected = share * static_cast<double>(values.size());
  const auto [first, last] = std::ranges::equal_range(values, candidate);
  const double below = static_cast<double>(first - values.begin()) - expected;
  const double up_to = static_cast<double>(last - values.begin()) - expected;
  return below > 0 ? below : std::min(up_to, 0.0);
}

double quantile(const std::vector<double>& values, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

Result<QuantileComparison> compare_quantiles(std::span<const double> a, std::span<const double> b, double share,
                                             double at) {
  if (!(share > 0 && share < 1)) return error(Code::kInvalidArgument, "share must lie in (0, 1), not {}", share);
  if (!(std::isfinite(at) && at > 0)) return error(Code::kInvalidArgument, "at must be positive, not {}", at);
  MODELYARD_ASSIGN(const auto left, sorted(a, "a"));
  MODELYARD_ASSIGN(const auto right, sorted(b, "b"));
  const double spread = share * (1 - share);
  MODELYARD_ASSIGN(const auto mixture,
                   beta_binomial_mixture({at * spread, kTunedAlpha, Sides::kTwo}, share, 1 - share));
  QuantileComparison comparison{std::numeric_limits<double>::infinity(), 1, quantile(left, share),
                                quantile(right, share)};
  const auto evidence = [&](const std::vector<double>& values, double candidate) {
    return mixture->log_e(beyond(values, candidate, share), spread * static_cast<double>(values.size()));
  };
  // Outside of the two quantiles both arms speak against a candidate more than at the nearer of them.
  const auto [low, high] = std::minmax(comparison.of_a, comparison.of_b);
  for (const auto* const arm : {&left, &right}) {
    const auto first = std::ranges::lower_bound(*arm, low), last = std::ranges::upper_bound(*arm, high);
    for (auto candidate = first; candidate != last; ++candidate) {
      comparison.log_e = std::min(comparison.log_e, evidence(left, *candidate) + evidence(right, *candidate));
    }
  }
  comparison.p = std::min(1.0, std::exp(-comparison.log_e));
  return comparison;
}

}  // namespace modelyard::statistics
