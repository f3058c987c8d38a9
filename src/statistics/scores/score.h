// Score is one metric of predictions, and how far chance alone could have moved it.
//
// Intervals: two-sided; they hold the true value with a probability of about 1 − alpha, if rows are independent. None
//            where the rows do not tell: one row, or a metric whose estimated variance is zero.
// Errors:    InvalidArgument for no rows, NaN, an infinity or a number beyond ±1e70, an alpha outside of 0 … 1.
// Source:    Student, Biometrika 1908.
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

struct Score {
  double value = 0;
  std::optional<Interval> interval;
};

// Mean, with Student's interval; values that are all the same have one without width.
Result<Score> mean_score(std::span<const double> values, double alpha);
// The same of values that cannot be negative, nor can the ends of the interval.
Result<Score> mean_loss(std::span<const double> values, double alpha);

}  // namespace modelyard::statistics
