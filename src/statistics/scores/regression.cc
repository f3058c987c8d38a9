#include "statistics/scores/regression.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "statistics/hypotheses/means.h"
#include "statistics/probability.h"
#include "statistics/scores/checks.h"

namespace modelyard::statistics {
namespace {

template <typename Loss>
std::vector<double> losses_of(std::span<const double> truth, std::span<const double> predicted, Loss loss) {
  std::vector<double> losses(truth.size());
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = loss(truth[i], predicted[i]);
  return losses;
}

double squared_error(double truth, double predicted) {
  return (truth - predicted) * (truth - predicted);
}

Result<Score> root_mean_square(std::span<const double> squares, double alpha) {
  MODELYARD_ASSIGN(Score score, mean_loss(squares, alpha));
  score.value = std::sqrt(score.value);
  if (score.interval) score.interval = Interval{std::sqrt(score.interval->low), std::sqrt(score.interval->high)};
  return score;
}

Result<std::optional<Score>> share_explained(std::span<const double> truth, std::span<const double> errors,
                                             double alpha) {
  const auto [least, most] = std::minmax_element(truth.begin(), truth.end());
  if (*least == *most) return std::optional<Score>();
  MODELYARD_ASSIGN(const MeanAndVariance of_truth, mean_and_variance(truth));
  // A second pass, as a truth that is far from zero has lost digits of its variance in one.
  std::vector<double> gaps(truth.size()), moved(truth.size());
  for (std::size_t i = 0; i < gaps.size(); ++i) gaps[i] = squared_error(truth[i], of_truth.mean);
  MODELYARD_ASSIGN(const MeanAndVariance of_gaps, mean_and_variance(gaps));
  MODELYARD_ASSIGN(const MeanAndVariance of_errors, mean_and_variance(errors));
  const double left = of_errors.mean / of_gaps.mean;
  if (!std::isfinite(left)) return std::optional<Score>();  // varies less than can be squared
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = errors[i] - left * gaps[i];
  MODELYARD_ASSIGN(const MeanAndVariance of_moved, mean_and_variance(moved));
  if (of_moved.variance == 0) return std::optional<Score>(Score{1 - left, {}});
  const double half =
      -student_quantile(alpha / 2, of_moved.count - 1) * std::sqrt(of_moved.variance / of_moved.count) / of_gaps.mean;
  return std::optional<Score>(Score{1 - left, Interval{1 - left - half, std::min(1.0, 1 - left + half)}});
}

}  // namespace

Result<RegressionScores> regression_scores(std::span<const double> truth, std::span<const double> predicted,
                                           double quantile, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check_columns(truth, predicted));
  if (!(quantile >= 0 && quantile <= 1)) return error(Code::kInvalidArgument, "{} is no quantile", quantile);
  const auto absolute = losses_of(truth, predicted, [](double y, double said) { return std::abs(y - said); });
  const auto relative = losses_of(
      truth, predicted, [](double y, double said) { return std::abs(y - said) / std::max(std::abs(y), 0x1p-52); });
  const auto pinball = losses_of(truth, predicted, [&](double y, double said) {
    return y >= said ? quantile * (y - said) : (1 - quantile) * (said - y);
  });
  const auto squares = losses_of(truth, predicted, squared_error);
  RegressionScores scores;
  MODELYARD_ASSIGN(scores.mae, mean_loss(absolute, alpha));
  MODELYARD_ASSIGN(scores.rmse, root_mean_square(squares, alpha));
  MODELYARD_ASSIGN(scores.mape, mean_loss(relative, alpha));
  MODELYARD_ASSIGN(scores.quantile_loss, mean_loss(pinball, alpha));
  MODELYARD_ASSIGN(scores.r2, share_explained(truth, squares, alpha));
  return scores;
}

}  // namespace modelyard::statistics
