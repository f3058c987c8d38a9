// Two models on the same rows: whether one is right more often (McNemar). Rows on which both are right, or both wrong,
// say nothing.
//
// Statistic: (b − c)²/(b + c), and the exact binomial p of b out of b + c at ½, which is what is decided by.
// Errors:    InvalidArgument when b + c is beyond the rows, or there are none.
// Source:    McNemar, Psychometrika 1947; the interval of the difference is Wald's with Bonett & Price's correction, J.
//            Educ. Behav. Stat. 2012.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

struct McNemar {
  double statistic = 0;
  double p = 1;           // exact, two-sided
  double difference = 0;  // share of rows on which the second one is right, less that of the first
  Interval interval;
};

// `first_only`: rows on which only the first is right; `second_only` likewise.
Result<McNemar> mcnemar_test(std::uint64_t first_only, std::uint64_t second_only, std::uint64_t rows, double alpha);

}  // namespace modelyard::statistics
