// What a small learner tells of two sets of rows, or of a model's errors.
//
// domain_classifier(): can reference and current rows be told apart? The area under the ROC curve of an L2 logistic
//                      regression on quantile-binned features, on rows it has not seen: 0.5 when nothing has changed.
//                      Sees changes of several features together that no single feature shows, but for those that lie
//                      in their products alone: the learner adds features up.
// LossEstimate:        DLE, the mean loss of a regression model without labels: a ridge regression learns the loss of
//                      each reference row from its features and the model's prediction.
//
// Shapes: rows are row-major, count × width; NaN is a missing value and has a bin of its own.
// Errors: InvalidArgument for rows that do not fit, fewer rows a side than folds.
// Source: Lopez-Paz & Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017; direct loss estimation as described by
//         NannyML's documentation.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "statistics/learners/linear_model.h"

namespace modelyard::statistics {

struct LearnerOptions {
  std::size_t bins = 10;
  double l2 = 1;
  std::size_t folds = 5;  // every folds-th row is held out in turn
};

struct DomainClassifier {
  double auc = 0.5;
  double standard_error = 0;  // of the area when nothing has changed (Mann and Whitney's)
};

Result<DomainClassifier> domain_classifier(std::span<const double> reference, std::span<const double> current,
                                           std::size_t width, const LearnerOptions& options = {});

// The probability that a score of the first side is above one of the second, ties counting half.
double area_under_roc(std::span<const double> ones, std::span<const double> zeros);

class LossEstimate {
 public:
  // `losses` of the reference rows: |error| for MAE, error² for RMSE. Each row holds features and prediction.
  static Result<LossEstimate> fit(std::span<const double> rows, std::size_t width, std::span<const double> losses,
                                  const LearnerOptions& options = {});
  // The mean of the estimated losses, each at least zero; of RMSE take the root.
  Result<double> mean_loss(std::span<const double> rows) const;

 private:
  LossEstimate(BinnedFeatures features, LinearModel model) : features_(std::move(features)), model_(std::move(model)) {}
  BinnedFeatures features_;
  LinearModel model_;
};

}  // namespace modelyard::statistics
