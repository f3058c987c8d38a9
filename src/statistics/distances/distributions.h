// Distances between two distributions of one number that are known by their steps, as a quantile sketch gives them.
//
// A distribution is a list of values, ascending, each with the share of all values that are no larger: the last share
// is 1 (Quantiles::distribution()).
// Pre:    not empty.
// Error:  a sketch's rank error ε moves ks_statistic() by ε at most, and wasserstein_distance() by ε times the range.
// Source: as statistics/distances/samples.h.
#pragma once

#include <span>
#include <utility>

namespace modelyard::statistics {

using Distribution = std::span<const std::pair<double, double>>;

// sup |F − G|.
double ks_statistic(Distribution reference, Distribution current);
// ∫|F − G|, in the unit of the values.
double wasserstein_distance(Distribution reference, Distribution current);

}  // namespace modelyard::statistics
