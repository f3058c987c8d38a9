// Performance that is estimated without labels, from what a model says of its own certainty (CBPE).
//
// A row whose calibrated probability of class 1 is p counts as a share p of a one and 1 − p of a zero.
// Assumes: probabilities are calibrated, and the relation of inputs and labels has not changed (no concept drift), also
//          where the inputs are now. Neither can be checked without labels: the estimate sees covariate shift only.
// Errors:  InvalidArgument for probabilities outside of 0 … 1, no rows, rows that do not fit.
// Source:  confidence-based performance estimation as described by NannyML's documentation.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "base/result.h"

namespace modelyard::statistics {

struct ConfusionShares {
  double true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;  // expected numbers of rows

  double rows() const { return true_positive + false_positive + false_negative + true_negative; }
  // NaN where nothing is divided.
  double accuracy() const { return (true_positive + true_negative) / rows(); }
  double precision() const { return true_positive / (true_positive + false_positive); }
  double recall() const { return true_positive / (true_positive + false_negative); }
  double f1() const { return 2 * true_positive / (2 * true_positive + false_positive + false_negative); }
};

// Rows at or above the threshold are predicted as ones.
Result<ConfusionShares> estimated_confusion(std::span<const double> probabilities, double threshold);
// The same of a distribution: values ascending, each with the share of values ≤ it (Quantiles::distribution()). The
// numbers are shares.
Result<ConfusionShares> estimated_confusion(std::span<const std::pair<double, double>> distribution, double threshold);
// The area under the ROC curve that these probabilities have if they are right; NaN when all are 0 or all are 1.
Result<double> estimated_roc_auc(std::span<const double> probabilities);
// Rows × classes, each row's probabilities summing to one: the mean probability of the chosen class.
Result<double> estimated_accuracy(std::span<const double> probabilities, std::size_t classes);
// Macro average over classes of what one-against-the-rest gives, the likeliest class being predicted.
Result<double> estimated_macro_f1(std::span<const double> probabilities, std::size_t classes);

}  // namespace modelyard::statistics
