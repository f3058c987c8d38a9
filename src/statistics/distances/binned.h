// Distances between two distributions over the same bins: the reference p and the current q.
//
// Counts or shares go in; both sides are divided by their sums.
// Errors: InvalidArgument for fewer than two bins, unequal numbers of bins, a negative or infinite entry, an empty
//         side.
// Bounds: with k bins and N + M rows each distance is above zero by chance alone, by about (k−1)·(1/N + 1/M) for PSI
//         and an eighth of that for the JS divergence; compare with psi_critical(), not with zero.
// Sources: PSI: Siddiqi, Credit Risk Scorecards, 2006; its threshold: Yurdakul, Statistical Properties of Population
//          Stability Index, 2018; JS: Lin, Divergence Measures Based on the Shannon Entropy, 1991.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

class BinnedPair {
 public:
  static Result<BinnedPair> make(std::span<const double> reference, std::span<const double> current);

  std::span<const double> reference() const { return reference_; }
  std::span<const double> current() const { return current_; }

 private:
  std::vector<double> reference_, current_;
};

// A share below it, or below half of an equal share where there are many bins, is raised to that in PSI and KL, which a
// share of zero would make infinite; all are then scaled to sum to one (Evidently leaves them).
inline constexpr double kLeastShare = 1e-4;

enum class Logarithm { kNatural, kBinary };

// Σ (q−p)·ln(q/p), the sum of KL in both directions.
double psi(const BinnedPair& pair, double least_share = kLeastShare);
// What PSI exceeds with probability `alpha` when nothing has changed, for rows that fell into `bins` bins.
double psi_critical(std::size_t bins, double reference_rows, double current_rows, double alpha);
// Σ p·ln(p/q): from the reference to the current.
double kl_divergence(const BinnedPair& pair, double least_share = kLeastShare);
// ½KL(p‖m) + ½KL(q‖m), m = (p+q)/2; at most ln 2, or 1 with the binary logarithm.
double js_divergence(const BinnedPair& pair, Logarithm logarithm);
// √ of the divergence: a metric.
double js_distance(const BinnedPair& pair, Logarithm logarithm);
double hellinger_distance(const BinnedPair& pair);        // √(1 − Σ√(pq)), 0 … 1
double total_variation_distance(const BinnedPair& pair);  // ½Σ|p−q|, 0 … 1
double l_infinity_distance(const BinnedPair& pair);       // max|p−q|, 0 … 1

}  // namespace modelyard::statistics
