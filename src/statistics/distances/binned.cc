#include "statistics/distances/binned.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

Result<std::vector<double>> shares_of(std::span<const double> entries, std::string_view side) {
  double sum = 0;
  for (const double entry : entries) {
    if (!(entry >= 0) || std::isinf(entry)) {
      return error(Code::kInvalidArgument, "{}: {} is no count and no share", side, entry);
    }
    sum += entry;
  }
  if (!(sum > 0)) return error(Code::kInvalidArgument, "{}: the bins are empty", side);
  if (std::isinf(sum)) return error(Code::kInvalidArgument, "{}: the bins cannot be summed up", side);
  std::vector<double> shares(entries.begin(), entries.end());
  for (double& share : shares) share /= sum;
  return shares;
}

struct Sides {
  std::span<const double> reference, current;
};

// Σ term(p, q) over the bins.
template <typename Term>
double sum_over(const Sides& sides, Term term) {
  double sum = 0;
  for (std::size_t i = 0; i < sides.reference.size(); ++i) sum += term(sides.reference[i], sides.current[i]);
  return sum;
}
template <typename Term>
double sum_over(const BinnedPair& pair, Term term) {
  return sum_over(Sides{pair.reference(), pair.current()}, term);
}

// With shares of at least `least`, or half of an equal share, that sum to one.
std::vector<double> floored(std::span<const double> shares, double least) {
  least = std::min(least, 0.5 / static_cast<double>(shares.size()));
  std::vector<double> raised(shares.begin(), shares.end());
  double sum = 0;
  for (double& share : raised) sum += share = std::max(share, least);
  for (double& share : raised) share /= sum;
  return raised;
}

template <typename Term>
double sum_over_floored(const BinnedPair& pair, double least, Term term) {
  const auto reference = floored(pair.reference(), least), current = floored(pair.current(), least);
  return sum_over(Sides{reference, current}, term);
}

double information(double share, double other) {
  return share > 0 ? share * std::log(share / other) : 0;
}

}  // namespace

Result<BinnedPair> BinnedPair::make(std::span<const double> reference, std::span<const double> current) {
  if (reference.size() != current.size()) {
    return error(Code::kInvalidArgument, "the reference has {} bins, the current {}", reference.size(), current.size());
  }
  if (reference.size() < 2) return error(Code::kInvalidArgument, "at least two bins are needed");
  BinnedPair pair;
  MODELYARD_ASSIGN(pair.reference_, shares_of(reference, "reference"));
  MODELYARD_ASSIGN(pair.current_, shares_of(current, "current"));
  return pair;
}

double psi(const BinnedPair& pair, double least_share) {
  return sum_over_floored(pair, least_share, [](double p, double q) { return (q - p) * std::log(q / p); });
}

double psi_critical(std::size_t bins, double reference_rows, double current_rows, double alpha) {
  return chi_square_upper_quantile(alpha, static_cast<double>(bins) - 1) * (1 / reference_rows + 1 / current_rows);
}

double kl_divergence(const BinnedPair& pair, double least_share) {
  return sum_over_floored(pair, least_share, [](double p, double q) { return p * std::log(p / q); });
}

double js_divergence(const BinnedPair& pair, Logarithm logarithm) {
  const double sum = sum_over(pair, [](double p, double q) {
    const double middle = (p + q) / 2;
    return middle > 0 ? (information(p, middle) + information(q, middle)) / 2 : 0;
  });
  const double divergence = std::clamp(sum, 0.0, std::numbers::ln2);  // rounding may leave it
  return logarithm == Logarithm::kBinary ? divergence / std::numbers::ln2 : divergence;
}

double js_distance(const BinnedPair& pair, Logarithm logarithm) {
  return std::sqrt(js_divergence(pair, logarithm));
}

double hellinger_distance(const BinnedPair& pair) {
  // ½Σ(√p−√q)² keeps the digits that 1 − Σ√(pq) loses when both sides are alike.
  const double squared = sum_over(pair, [](double p, double q) {
    const double gap = std::sqrt(p) - std::sqrt(q);
    return gap * gap / 2;
  });
  return std::sqrt(std::min(squared, 1.0));
}

double total_variation_distance(const BinnedPair& pair) {
  return std::min(1.0, sum_over(pair, [](double p, double q) { return std::abs(p - q) / 2; }));
}

double l_infinity_distance(const BinnedPair& pair) {
  double largest = 0;
  for (std::size_t i = 0; i < pair.reference().size(); ++i) {
    largest = std::max(largest, std::abs(pair.reference()[i] - pair.current()[i]));
  }
  return largest;
}

}  // namespace modelyard::statistics
