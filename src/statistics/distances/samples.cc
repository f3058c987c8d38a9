#include "statistics/distances/samples.h"

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"
#include "statistics/sketches/moments.h"

namespace modelyard::statistics {
namespace {

// Calls visit(F − G, width) for every stretch between neighbours of the pooled sample.
template <typename Visit>
void walk_gaps(std::span<const double> reference, std::span<const double> current, Visit visit) {
  const auto m = static_cast<double>(reference.size()), n = static_cast<double>(current.size());
  std::size_t i = 0, j = 0;
  double at = std::min(reference.front(), current.front());
  while (i < reference.size() || j < current.size()) {
    const bool of_reference = j == current.size() || (i < reference.size() && reference[i] <= current[j]);
    const double next = of_reference ? reference[i] : current[j];
    if (next > at) visit(static_cast<double>(i) / m - static_cast<double>(j) / n, next - at);
    at = next;
    ++(of_reference ? i : j);
  }
}

double deviation(std::span<const double> sample) {
  Moments moments;
  for (const double value : sample) moments.add(value);
  return std::sqrt(moments.population_variance());
}

}  // namespace

Result<std::vector<double>> sorted_sample(std::span<const double> values) {
  if (values.empty()) return error(Code::kInvalidArgument, "the sample is empty");
  for (const double value : values) {
    if (!std::isfinite(value)) return error(Code::kInvalidArgument, "{} cannot be compared; leave it out", value);
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

double ks_statistic(std::span<const double> reference, std::span<const double> current) {
  double largest = 0;
  walk_gaps(reference, current, [&](double gap, double) { largest = std::max(largest, std::abs(gap)); });
  return largest;
}

double ks_exact_p(double d, std::size_t reference_rows, std::size_t current_rows) {
  const auto m = static_cast<std::int64_t>(reference_rows), n = static_cast<std::int64_t>(current_rows);
  // d is a multiple of 1/(m·n); half a step off, rounding does not matter.
  const double bound = std::round(d * static_cast<double>(m) * static_cast<double>(n)) - 0.5;
  if (bound < 0) return 1;
  // touched[j]: the share of paths from (0, 0) to (i, j) that have been at the bound. A random path to (i, j) comes
  // from (i−1, j) with probability i/(i+j). Only sums of positive terms: small shares keep their digits.
  std::vector<double> touched(static_cast<std::size_t>(n) + 1, 0.0);
  for (std::int64_t i = 0; i <= m; ++i) {
    for (std::int64_t j = 0; j <= n; ++j) {
      double& here = touched[static_cast<std::size_t>(j)];
      if (static_cast<double>(std::abs(i * n - j * m)) > bound) {
        here = 1;
      } else if (i + j > 0) {
        const double from_left = j > 0 ? touched[static_cast<std::size_t>(j) - 1] * static_cast<double>(j) : 0;
        here = (here * static_cast<double>(i) + from_left) / static_cast<double>(i + j);
      }
    }
  }
  return touched.back();
}

double ks_limit_p(double d, std::size_t reference_rows, std::size_t current_rows) {
  const auto m = static_cast<double>(reference_rows), n = static_cast<double>(current_rows);
  return kolmogorov_survival(d * std::sqrt(m * n / (m + n)));
}

double ks_critical(std::size_t reference_rows, std::size_t current_rows, double alpha) {
  double low = 0, high = 1;
  while (high - low > 1e-12) {
    const double middle = (low + high) / 2;
    (ks_limit_p(middle, reference_rows, current_rows) < alpha ? high : low) = middle;
  }
  return low;
}

double wasserstein_distance(std::span<const double> reference, std::span<const double> current) {
  double area = 0;
  walk_gaps(reference, current, [&](double gap, double width) { area += std::abs(gap) * width; });
  return area;
}

double normed_wasserstein_distance(std::span<const double> reference, std::span<const double> current,
                                   double least_deviation) {
  return wasserstein_distance(reference, current) / std::max(deviation(reference), least_deviation);
}

double energy_distance(std::span<const double> reference, std::span<const double> current) {
  double area = 0;
  walk_gaps(reference, current, [&](double gap, double width) { area += gap * gap * width; });
  return std::sqrt(2 * area);
}

}  // namespace modelyard::statistics
