// The chi-square tests of counts per category.
//
// Errors: InvalidArgument for fewer than two categories with rows, unequal numbers of them, negative counts, an empty
//         side. A category with no rows on either side is left out.
// Source: Pearson 1900; no continuity correction. The approximation wants expected counts of about five and more.
#pragma once

#include <span>

#include "base/result.h"

namespace modelyard::statistics {

struct ChiSquare {
  double statistic = 0;
  double degrees = 0;
  double p = 1;
};

// Two samples: both sides are random. The right form when the reference is itself a sample.
Result<ChiSquare> chi_square_two_samples(std::span<const double> reference, std::span<const double> current);
// The current counts against shares that are known: the reference's, without their chance. A category that the
// reference does not have makes p zero.
Result<ChiSquare> chi_square_fit(std::span<const double> reference, std::span<const double> current);

}  // namespace modelyard::statistics
