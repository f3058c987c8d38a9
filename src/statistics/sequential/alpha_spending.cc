#include "statistics/sequential/alpha_spending.h"

#include <cmath>
#include <numbers>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostLooks = 100;
constexpr std::size_t kPoints = 801;  // of the grid, odd for Simpson's rule
constexpr double kWidest = 8;         // beyond it a normal process is never, to the precision that is promised

double density(double z) {
  return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
}

// Simpson's weight of a point of the grid, without its width.
double weight(std::size_t i) {
  if (i == 0 || i + 1 == kPoints) return 1.0 / 3;
  return i % 2 == 1 ? 4.0 / 3 : 2.0 / 3;
}

// The density of the sum W(t) = √t·Z at a look, of the paths that have not crossed before.
struct Paths {
  double t = 0;
  double edge = 0;  // the grid lies in ±edge
  std::vector<double> density;

  double width() const { return 2 * edge / static_cast<double>(kPoints - 1); }
  double at(std::size_t i) const { return -edge + static_cast<double>(i) * width(); }
};

// The probability to cross ±bound at a later look, as a sum.
double crossing(const Paths& before, double t, double bound) {
  const double deviation = std::sqrt(t - before.t);
  if (before.density.empty()) return 2 * normal_survival(bound / deviation);
  double sum = 0;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double from = before.at(i);
    const double out = normal_survival((bound - from) / deviation) + normal_survival((bound + from) / deviation);
    sum += weight(i) * before.density[i] * out;
  }
  return sum * before.width();
}

Paths advance(const Paths& before, double t, double bound) {
  Paths next{t, std::min(bound, kWidest * std::sqrt(t)), std::vector<double>(kPoints)};
  const double deviation = std::sqrt(t - before.t);
  for (std::size_t j = 0; j < kPoints; ++j) {
    const double to = next.at(j);
    if (before.density.empty()) {
      next.density[j] = density(to / deviation) / deviation;
      continue;
    }
    double sum = 0;
    for (std::size_t i = 0; i < kPoints; ++i) {
      sum += weight(i) * before.density[i] * density((to - before.at(i)) / deviation);
    }
    next.density[j] = sum * before.width() / deviation;
  }
  return next;
}

double bound_that_spends(const Paths& before, double t, double probability) {
  constexpr int kSteps = 60;
  double low = 0, high = kWidest * std::sqrt(t);
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (low + high) / 2;
    (crossing(before, t, middle) > probability ? low : high) = middle;
  }
  return high;
}

}  // namespace

double spent(Spending spending, double alpha, double t) {
  if (t <= 0) return 0;
  if (spending == Spending::kPocock) return alpha * std::log1p((std::numbers::e - 1) * t);
  return 4 * normal_survival(-normal_quantile(alpha / 4) / std::sqrt(t));
}

Result<std::vector<double>> spending_boundaries(Spending spending, double alpha, std::span<const double> looks) {
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  if (looks.size() > kMostLooks) return error(Code::kInvalidArgument, "{} looks, at most {}", looks.size(), kMostLooks);
  Paths paths;
  std::vector<double> boundaries;
  for (const double t : looks) {
    if (!(t > paths.t && t <= 1))
      return error(Code::kInvalidArgument, "looks must ascend in (0, 1]: {} after {}", t, paths.t);
    const double probability = spent(spending, alpha, t) - spent(spending, alpha, paths.t);
    const double bound = bound_that_spends(paths, t, probability);
    boundaries.push_back(bound / std::sqrt(t));
    paths = advance(paths, t, bound);
  }
  return boundaries;
}

}  // namespace modelyard::statistics
