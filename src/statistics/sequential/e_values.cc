#include "statistics/sequential/e_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "statistics/probability.h"

namespace modelyard::statistics {

double mean_of(std::span<const double> log_e) {
  if (log_e.empty()) return 0;
  const double most = *std::ranges::max_element(log_e);
  if (std::isinf(most)) return most;
  double sum = 0;
  for (const double value : log_e) sum += std::exp(value - most);
  return most + std::log(sum / static_cast<double>(log_e.size()));
}

double product_of(std::span<const double> log_e) {
  return std::accumulate(log_e.begin(), log_e.end(), 0.0);
}

std::vector<bool> e_benjamini_hochberg(std::span<const double> log_e, double alpha) {
  std::vector<double> descending(log_e.begin(), log_e.end());
  std::ranges::sort(descending, std::greater());
  const auto all = static_cast<double>(log_e.size());
  double least = std::numeric_limits<double>::infinity();  // that is rejected
  for (std::size_t k = descending.size(); k > 0; --k) {
    if (descending[k - 1] < std::log(all / (static_cast<double>(k) * alpha))) continue;
    least = descending[k - 1];
    break;
  }
  std::vector<bool> rejected;
  for (const double value : log_e) rejected.push_back(value >= least);
  return rejected;
}

Result<double> split_log_e(std::span<const std::uint64_t> counts, std::span<const double> shares, double prior) {
  constexpr double kRounding = 1e-9;
  if (counts.size() != shares.size() || counts.size() < 2) {
    return error(Code::kInvalidArgument, "{} counts and {} shares: expected as many, at least two", counts.size(),
                 shares.size());
  }
  if (std::ranges::any_of(shares, [](double share) { return !(share > 0); }) ||
      std::abs(std::accumulate(shares.begin(), shares.end(), 0.0) - 1) > kRounding) {
    return error(Code::kInvalidArgument, "shares must be positive and sum to 1");
  }
  if (!(std::isfinite(prior) && prior > 0))
    return error(Code::kInvalidArgument, "prior must be positive, not {}", prior);
  double units = 0, log_e = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    const double weight = prior * shares[i];
    log_e += log_gamma(weight + count) - log_gamma(weight) - count * std::log(shares[i]);
    units += count;
  }
  return log_e + log_gamma(prior) - log_gamma(prior + units);
}

}  // namespace modelyard::statistics
