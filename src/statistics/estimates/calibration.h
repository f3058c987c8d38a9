// Calibration: whether a probability of 0.8 is right four times of five, and how to make it so.
//
// Probabilities lie in 0 … 1; labels are 1 for the class they speak of, 0 otherwise. Both have the same length.
// Errors: InvalidArgument for other probabilities, unequal lengths, no rows.
// Source: Brier 1950; Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI 2015 (ECE);
//         Zadrozny & Elkan, Transforming Classifier Scores, KDD 2002 (isotonic); Cornish & Fisher, Moments and
//         Cumulants in the Specification of Distributions, 1938.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

struct Labelled {
  std::span<const double> probabilities;
  std::span<const std::uint8_t> labels;
};

struct ReliabilityBin {
  double low = 0, high = 0;  // of the probability; the last bin holds its end, too
  double count = 0;
  double mean_probability = 0;  // 0 without rows
  double share_of_ones = 0;
};

// Bins of equal width; at least one.
Result<std::vector<ReliabilityBin>> reliability_curve(const Labelled& rows, std::size_t bins);
// Σ n_b/n · |share of ones − mean probability|.
double expected_calibration_error(std::span<const ReliabilityBin> curve);
// By how much chance alone lifts that error above the true one: it is exceeded with a probability of at most alpha,
// 0 < alpha ≤ 0.5. The error of few rows is always above zero: each bin's share of ones is off by ε_b, and by the
// triangle inequality the error found is at most the true one and Σ n_b/n · |ε_b|, of which this is the upper quantile:
// ε_b normal with the larger variance that the bin's probabilities or its ones allow, the sum by Cornish and Fisher's
// expansion up to its skewness. 0 where nothing varies.
double calibration_error_of_chance(std::span<const ReliabilityBin> curve, double alpha);
// Mean of (probability − label)².
Result<double> brier_score(const Labelled& rows);

// A map of probabilities that never falls, fitted by least squares (pool adjacent violators).
class Isotonic {
 public:
  // Rows of equal probability are pooled first. At least one row.
  static Result<Isotonic> fit(const Labelled& rows);
  // Linear between what was fitted, constant outside of it.
  double operator()(double probability) const;

 private:
  std::vector<double> at_, value_;  // ascending
};

// Isotonic when it lowers the expected calibration error on rows that it has not seen, over `folds` folds of every
// folds-th row and ten bins; nullopt when it does not help.
Result<std::optional<Isotonic>> calibrate_if_it_helps(const Labelled& rows, std::size_t folds = 3);

}  // namespace modelyard::statistics
