// How well a score puts the rows of one class above those of the other, whatever the threshold.
//
// Scores:    any finite numbers; labels are 1 for the class that should be above, 0 otherwise. Both have the same
//            length.
// Intervals: see score.h; on the scale of the log odds. None when the metric is 1 or 0; none of roc_auc when a class
//            has one row, or when no pair tells more than another.
// Errors:    InvalidArgument for unequal lengths, no rows, NaN, an infinity, another label, one class only, an alpha
//            outside of 0 … 1.
// Cost:      n log n.
// Sources:   DeLong, DeLong & Clarke-Pearson, Biometrics 1988; Sun & Xu, Fast Implementation of DeLong's Algorithm,
//            IEEE Signal Processing Letters 2014; Boyd, Eng & Page, Area under the Precision-Recall Curve, ECML 2013.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "statistics/scores/score.h"

namespace modelyard::statistics {

// The share of pairs of a one and a zero in which the one is above; ties count half.
Result<Score> roc_auc(std::span<const double> scores, std::span<const std::uint8_t> labels, double alpha);

// Σ (recall − recall before) · precision over all thresholds, from above, as average_precision_score of scikit-learn;
// rows of one score are taken at once. The deviation of its log odds is 1 / √(ones · AP · (1 − AP)).
Result<Score> average_precision(std::span<const double> scores, std::span<const std::uint8_t> labels, double alpha);

}  // namespace modelyard::statistics
