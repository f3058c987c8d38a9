#include "statistics/estimates/label_shift.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "statistics/hypotheses/means.h"
#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostClasses = 1000;

Result<double> sum_of(std::span<const double> counts, std::string_view what) {
  double sum = 0;
  for (const double count : counts) {
    if (!(count >= 0) || std::isinf(count)) return error(Code::kInvalidArgument, "{}: {} is no count", what, count);
    sum += count;
  }
  if (!(sum > 0)) return error(Code::kInvalidArgument, "{}: there are no rows", what);
  return sum;
}

// Gauss with the largest pivots; `matrix` is n × n, row-major, and is used up.
Result<std::vector<double>> solve(std::vector<double> matrix, std::vector<double> right) {
  const std::size_t n = right.size();
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(matrix[row * n + column]) > std::abs(matrix[pivot * n + column])) pivot = row;
    }
    if (std::abs(matrix[pivot * n + column]) < 1e-9) {
      return error(Code::kFailedPrecondition, "the predictions do not tell class {} from the others", column);
    }
    for (std::size_t k = 0; k < n; ++k) std::swap(matrix[column * n + k], matrix[pivot * n + k]);
    std::swap(right[column], right[pivot]);
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = matrix[row * n + column] / matrix[column * n + column];
      for (std::size_t k = column; k < n; ++k) matrix[row * n + k] -= factor * matrix[column * n + k];
      right[row] -= factor * right[column];
    }
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t k = row + 1; k < n; ++k) right[row] -= matrix[row * n + k] * right[k];
    right[row] /= matrix[row * n + row];
  }
  return right;
}

}  // namespace

Result<LabelShift> label_shift(std::span<const double> confusion, std::span<const double> predicted) {
  const std::size_t classes = predicted.size();
  if (classes < 2 || classes > kMostClasses || confusion.size() != classes * classes) {
    return error(Code::kInvalidArgument, "{} entries of a confusion matrix do not fit {} classes", confusion.size(),
                 classes);
  }
  MODELYARD_ASSIGN(const double reference_rows, sum_of(confusion, "confusion"));
  MODELYARD_ASSIGN(const double current_rows, sum_of(predicted, "predicted"));
  std::vector<double> joint(confusion.begin(), confusion.end()), now(predicted.begin(), predicted.end());
  for (double& entry : joint) entry /= reference_rows;
  for (double& share : now) share /= current_rows;
  LabelShift shift;
  MODELYARD_ASSIGN(shift.weights, solve(joint, now));
  double sum = 0;
  for (std::size_t j = 0; j < classes; ++j) {
    double before = 0;
    for (std::size_t i = 0; i < classes; ++i) before += joint[i * classes + j];
    shift.weights[j] = std::max(0.0, shift.weights[j]);  // below zero by chance alone
    shift.shares.push_back(shift.weights[j] * before);
    sum += shift.shares.back();
  }
  for (double& share : shift.shares) share /= sum;
  return shift;
}

Result<PoweredMean> prediction_powered_mean(std::span<const double> labels, std::span<const double> their_predictions,
                                            std::span<const double> predictions, double alpha) {
  if (labels.size() != their_predictions.size()) {
    return error(Code::kInvalidArgument, "{} labels, {} predictions of them", labels.size(), their_predictions.size());
  }
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  std::vector<double> errors(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) errors[i] = labels[i] - their_predictions[i];
  MODELYARD_ASSIGN(const MeanAndVariance of_errors, mean_and_variance(errors));
  MODELYARD_ASSIGN(const MeanAndVariance of_predictions, mean_and_variance(predictions));
  const double mean = of_predictions.mean + of_errors.mean;
  const double variance = of_predictions.variance / of_predictions.count + of_errors.variance / of_errors.count;
  const double half = normal_quantile(1 - alpha / 2) * std::sqrt(variance);
  return PoweredMean{mean, {mean - half, mean + half}};
}

}  // namespace modelyard::statistics
