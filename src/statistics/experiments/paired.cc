#include "statistics/experiments/paired.h"

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"

namespace modelyard::statistics {

Result<McNemar> mcnemar_test(std::uint64_t first_only, std::uint64_t second_only, std::uint64_t rows, double alpha) {
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  if (rows == 0 || first_only > rows || second_only > rows - first_only) {
    return error(Code::kInvalidArgument, "{} and {} of {} rows", first_only, second_only, rows);
  }
  const auto b = static_cast<double>(first_only), c = static_cast<double>(second_only), n = static_cast<double>(rows);
  McNemar test;
  test.difference = (c - b) / n;
  if (first_only + second_only > 0) {
    test.statistic = (b - c) * (b - c) / (b + c);
    MODELYARD_ASSIGN(test.p, binomial_test({first_only, first_only + second_only}, 0.5));
  }
  // One row more on each side keeps the interval honest for few rows.
  const double p = (b + 1) / (n + 2), q = (c + 1) / (n + 2);
  const double half = -normal_quantile(alpha / 2) * std::sqrt((p + q - (q - p) * (q - p)) / (n + 2));
  test.interval = {std::max(-1.0, q - p - half), std::min(1.0, q - p + half)};
  return test;
}

}  // namespace modelyard::statistics
