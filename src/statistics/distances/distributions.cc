#include "statistics/distances/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modelyard::statistics {
namespace {

// Gives |F − G| behind each value of either, and how far it is to the next one (0 behind the last).
template <typename Take>
void walk(Distribution a, Distribution b, Take take) {
  double f = 0, g = 0;
  std::size_t i = 0, j = 0;
  const auto next = [](Distribution of, std::size_t at) {
    return at < of.size() ? of[at].first : std::numeric_limits<double>::infinity();
  };
  while (i < a.size() || j < b.size()) {
    const double value = std::min(next(a, i), next(b, j));
    for (; i < a.size() && a[i].first == value; ++i) f = a[i].second;
    for (; j < b.size() && b[j].first == value; ++j) g = b[j].second;
    const double following = std::min(next(a, i), next(b, j));
    take(std::abs(f - g), std::isfinite(following) ? following - value : 0.0);
  }
}

}  // namespace

double ks_statistic(Distribution reference, Distribution current) {
  double most = 0;
  walk(reference, current, [&](double gap, double) { most = std::max(most, gap); });
  return most;
}

double wasserstein_distance(Distribution reference, Distribution current) {
  double area = 0;
  walk(reference, current, [&](double gap, double width) { area += gap * width; });
  return area;
}

}  // namespace modelyard::statistics
