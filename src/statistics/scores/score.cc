#include "statistics/scores/score.h"

#include <algorithm>
#include <cmath>

#include "statistics/hypotheses/means.h"
#include "statistics/probability.h"
#include "statistics/scores/checks.h"
#include "statistics/sketches/moments.h"

namespace modelyard::statistics {

Result<Score> mean_score(std::span<const double> values, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check_values(values));
  if (values.size() == 1) {
    if (std::abs(values[0]) <= Moments::kLargest) return Score{values[0], {}};
    return error(Code::kInvalidArgument, "numbers beyond {} cannot be averaged", Moments::kLargest);
  }
  MODELYARD_ASSIGN(const MeanAndVariance found, mean_and_variance(values));
  const double half = -student_quantile(alpha / 2, found.count - 1) * std::sqrt(found.variance / found.count);
  return Score{found.mean, Interval{found.mean - half, found.mean + half}};
}

Result<Score> mean_loss(std::span<const double> values, double alpha) {
  MODELYARD_ASSIGN(Score score, mean_score(values, alpha));
  if (score.interval) score.interval->low = std::max(0.0, score.interval->low);
  return score;
}

}  // namespace modelyard::statistics
