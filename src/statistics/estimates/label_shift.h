// What labels a stream has now, and how well a model does, when only a few labels or none are known.
//
// label_shift():       shares of the classes from predictions alone, when only the mix of classes has changed (BBSE).
// prediction_powered(): a mean from few labelled rows and many predictions, with an interval that holds however bad the
//                       predictions are; the better they are, the narrower it is.
// Errors: InvalidArgument for sizes that do not fit, values that are not finite; FailedPrecondition for a confusion
//         matrix that tells classes not apart.
// Sources: Lipton, Wang & Smola, Detecting and Correcting for Label Shift with Black Box Predictors, ICML 2018;
//          Angelopoulos et al., Prediction-powered inference, Science 2023.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

struct LabelShift {
  std::vector<double> weights;  // share now / share in the reference, by class
  std::vector<double> shares;   // now; they sum to one, none is negative
};

// `confusion` is classes × classes, row-major: rows of the reference that were predicted as i and are j, as numbers or
// shares. `predicted` are the predictions of the stream, by class.
Result<LabelShift> label_shift(std::span<const double> confusion, std::span<const double> predicted);

struct PoweredMean {
  double mean = 0;
  Interval interval;  // with probability 1 − alpha, by the normal approximation
};

// `labels` and `their_predictions` belong together; `predictions` are of rows without labels. At least two of each.
Result<PoweredMean> prediction_powered_mean(std::span<const double> labels, std::span<const double> their_predictions,
                                            std::span<const double> predictions, double alpha);

}  // namespace modelyard::statistics
