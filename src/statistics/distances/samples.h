// Distances and tests between two samples of one number.
//
// Samples are sorted ascending and finite; sorted_sample() makes one and refuses what is not.
// Errors: InvalidArgument for an empty sample, NaN or an infinity.
// Cost:   one pass over both, but for ks_exact_p(): m·n steps.
// Sources: KS: Hodges, The Significance Probability of the Smirnov Two-Sample Test, Ark. Mat. 1958; Wasserstein and
//          energy: Székely & Rizzo, Energy Statistics, J. Stat. Plan. Inference 2013.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

Result<std::vector<double>> sorted_sample(std::span<const double> values);

// sup |F − G|.
double ks_statistic(std::span<const double> reference, std::span<const double> current);
// P(D ≥ d) when both samples come from one continuous distribution. Exact, by the share of lattice paths that reach d;
// what equals ks_statistic() to within rounding is meant by `d`.
double ks_exact_p(double d, std::size_t reference_rows, std::size_t current_rows);
// Of Kolmogorov's limit distribution at d·√(mn/(m+n)): near the exact one from some hundred rows on.
double ks_limit_p(double d, std::size_t reference_rows, std::size_t current_rows);
// The largest d that ks_limit_p() does not call significant at `alpha`. Behind sketches with rank errors ε₁ and ε₂ a
// change is certain only where d − ε₁ − ε₂ is above.
double ks_critical(std::size_t reference_rows, std::size_t current_rows, double alpha);

// ∫|F − G|: by how much, on average, values have moved, in their own unit.
double wasserstein_distance(std::span<const double> reference, std::span<const double> current);
// The same in standard deviations of the reference (of the population, n), which counts as `least_deviation` at least.
double normed_wasserstein_distance(std::span<const double> reference, std::span<const double> current,
                                   double least_deviation = 0.001);
// √(2E|X−Y| − E|X−X′| − E|Y−Y′|) = √(2∫(F−G)²).
double energy_distance(std::span<const double> reference, std::span<const double> current);

}  // namespace modelyard::statistics
