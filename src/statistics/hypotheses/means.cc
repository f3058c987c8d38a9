#include "statistics/hypotheses/means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "statistics/probability.h"
#include "statistics/sketches/moments.h"

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostExact = 64;

Status check_sample(std::span<const double> sample) {
  if (sample.size() < 2) return error(Code::kInvalidArgument, "at least two values a side are needed");
  for (const double value : sample) {
    if (!std::isfinite(value)) return error(Code::kInvalidArgument, "{} cannot be compared; leave it out", value);
  }
  return ok();
}

struct Ranks {
  double of_first = 0;  // sum of the ranks of the first side, ties sharing theirs
  double ties = 0;      // Σ t³ − t over groups of equal values
};

Ranks rank(std::span<const double> first, std::span<const double> second) {
  std::vector<std::pair<double, bool>> pooled;
  pooled.reserve(first.size() + second.size());
  for (const double value : first) pooled.emplace_back(value, true);
  for (const double value : second) pooled.emplace_back(value, false);
  std::sort(pooled.begin(), pooled.end());
  Ranks ranks;
  for (std::size_t begin = 0; begin < pooled.size();) {
    std::size_t end = begin, of_first = 0;
    for (; end < pooled.size() && pooled[end].first == pooled[begin].first; ++end)
      of_first += pooled[end].second ? 1 : 0;
    const auto tied = static_cast<double>(end - begin);
    ranks.of_first += static_cast<double>(of_first) * (static_cast<double>(begin + end) + 1) / 2;
    ranks.ties += tied * tied * tied - tied;
    begin = end;
  }
  return ranks;
}

// P(U = u) over all orders of m and n values, for each u. Mann and Whitney's recursion on the largest value: of the first side, it
// lies above all n of the second; of the second, above none.
std::vector<double> exact_distribution(std::size_t m, std::size_t n) {
  const std::size_t most = m * n;
  // ways[j][v]: orders of i and j values with U = v, as shares of all.
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(most + 1, 0.0));
  for (std::size_t j = 0; j <= n; ++j) ways[j][0] = 1;
  for (std::size_t i = 1; i <= m; ++i) {
    for (std::size_t j = 1; j <= n; ++j) {
      const double of_first = static_cast<double>(i) / static_cast<double>(i + j);
      std::vector<double> next(most + 1, 0.0);
      for (std::size_t v = 0; v <= i * j; ++v) {
        next[v] = (v >= j ? of_first * ways[j][v - j] : 0) + (1 - of_first) * ways[j - 1][v];
      }
      ways[j] = std::move(next);
    }
  }
  return std::move(ways[n]);
}

double exact_survival(double u, std::size_t m, std::size_t n) {
  const auto chances = exact_distribution(m, n);
  double sum = 0;
  for (auto v = static_cast<std::size_t>(u); v < chances.size(); ++v) sum += chances[v];
  return sum;
}

// How many differences at each end are beyond the interval: as many as U may be with a probability of alpha/2.
std::size_t differences_beyond(std::size_t m, std::size_t n, double alpha) {
  if (m + n > kMostExact) {
    const auto pairs = static_cast<double>(m) * static_cast<double>(n);
    const double deviation = std::sqrt(pairs * (static_cast<double>(m + n) + 1) / 12);
    return static_cast<std::size_t>(std::max(0.0, std::floor(pairs / 2 + normal_quantile(alpha / 2) * deviation) + 1));
  }
  const auto chances = exact_distribution(m, n);
  double sum = 0;
  for (std::size_t u = 0; u < chances.size(); ++u) {
    sum += chances[u];
    if (sum > alpha / 2) return u;
  }
  return 0;
}

}  // namespace

Result<MeanAndVariance> mean_and_variance(std::span<const double> sample) {
  MODELYARD_TRY(check_sample(sample));
  Moments moments;  // its variance of a constant is zero, not almost
  for (const double value : sample) moments.add(value);
  if (moments.infinite() > 0) return error(Code::kInvalidArgument, "numbers beyond 1e70 cannot be averaged");
  return MeanAndVariance{static_cast<double>(moments.count()), moments.mean(), moments.variance()};
}

Result<WelchTest> welch_test(const MeanAndVariance& a, const MeanAndVariance& b, double alpha) {
  if (a.count < 2 || b.count < 2) return error(Code::kInvalidArgument, "at least two values a side are needed");
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  const double of_a = a.variance / a.count, of_b = b.variance / b.count, variance = of_a + of_b;
  const double gap = a.mean - b.mean;
  if (variance == 0) {
    return error(Code::kInvalidArgument, "neither side varies, so that the gap of {} cannot be judged", gap);
  }
  const double deviation = std::sqrt(variance), t = gap / deviation;
  const double share = of_a / variance;
  const double degrees = 1 / (share * share / (a.count - 1) + (1 - share) * (1 - share) / (b.count - 1));
  const double half = -student_quantile(alpha / 2, degrees) * deviation;
  return WelchTest{t, degrees, 2 * student_survival(std::abs(t), degrees), {gap - half, gap + half}};
}

Result<MannWhitneyTest> mann_whitney_test(std::span<const double> a, std::span<const double> b) {
  MODELYARD_TRY(check_sample(a));
  MODELYARD_TRY(check_sample(b));
  const auto m = static_cast<double>(a.size()), n = static_cast<double>(b.size()), all = m + n;
  const Ranks ranks = rank(a, b);
  const double u = ranks.of_first - m * (m + 1) / 2, larger = std::max(u, m * n - u);
  if (ranks.ties == 0 && a.size() + b.size() <= kMostExact) {
    return MannWhitneyTest{u, std::min(1.0, 2 * exact_survival(larger, a.size(), b.size()))};
  }
  const double variance = m * n / 12 * (all + 1 - ranks.ties / (all * (all - 1)));
  if (variance == 0) return MannWhitneyTest{u, 1};
  const double z = (larger - m * n / 2 - 0.5) / std::sqrt(variance);
  return MannWhitneyTest{u, std::min(1.0, 2 * normal_survival(z))};
}

Result<HodgesLehmann> hodges_lehmann(std::span<const double> a, std::span<const double> b, double alpha) {
  MODELYARD_TRY(check_sample(a));
  MODELYARD_TRY(check_sample(b));
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  if (a.size() > kMostPairs / b.size()) {
    return error(Code::kInvalidArgument, "{} and {} values: at most {} pairs are compared", a.size(), b.size(),
                 kMostPairs);
  }
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double before : a) {
    for (const double after : b) differences.push_back(after - before);
  }
  std::ranges::sort(differences);
  const std::size_t all = differences.size();
  const double median = differences[(all - 1) / 2] / 2 + differences[all / 2] / 2;
  const std::size_t beyond = differences_beyond(a.size(), b.size(), alpha);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (beyond == 0) return HodgesLehmann{median, {-kInfinity, kInfinity}};
  return HodgesLehmann{median, {differences[beyond - 1], differences[all - beyond]}};
}

}  // namespace modelyard::statistics
