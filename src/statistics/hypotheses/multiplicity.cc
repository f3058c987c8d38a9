#include "statistics/hypotheses/multiplicity.h"

#include <algorithm>
#include <numeric>

namespace modelyard::statistics {
namespace {

std::vector<std::size_t> ascending(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

// Step-up: the i-th smallest of m is multiplied by factor·m/i, and no smaller one may end above a larger one.
std::vector<double> step_up(std::span<const double> p, double factor) {
  const auto order = ascending(p);
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const double scale = factor * static_cast<double>(p.size()) / static_cast<double>(i + 1);
    least = std::min(least, p[order[i]] * scale);
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace

std::vector<double> bonferroni_adjusted(std::span<const double> p) {
  std::vector<double> adjusted(p.begin(), p.end());
  for (double& value : adjusted) value = std::min(1.0, value * static_cast<double>(p.size()));
  return adjusted;
}

std::vector<double> holm_adjusted(std::span<const double> p) {
  const auto order = ascending(p);
  std::vector<double> adjusted(p.size());
  double most = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    most = std::max(most, std::min(1.0, p[order[i]] * static_cast<double>(p.size() - i)));
    adjusted[order[i]] = most;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg_adjusted(std::span<const double> p) {
  return step_up(p, 1);
}

std::vector<double> weighted_benjamini_hochberg_adjusted(std::span<const double> p, std::span<const double> weights) {
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(p.size());
  std::vector<double> weighted(p.begin(), p.end());
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    weighted[i] = weights[i] > 0 ? std::min(1.0, weighted[i] * mean / weights[i]) : 1;
  }
  return step_up(weighted, 1);
}

std::vector<double> benjamini_yekutieli_adjusted(std::span<const double> p) {
  double harmonic = 0;
  for (std::size_t i = 1; i <= p.size(); ++i) harmonic += 1 / static_cast<double>(i);
  return step_up(p, harmonic);
}

}  // namespace modelyard::statistics
