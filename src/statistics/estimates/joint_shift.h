// JointShift: can two sets of rows be told apart, by single features and by how pairs of them go together?
//
// Learner: an L2 logistic regression on one column for each bin of a feature, and of the product of two features' ranks
//          (signed, −1 … 1, of all rows; their mean product is a third of Spearman's correlation). It sees what changes
//          in a feature, sums of that over features, and pairs whose correlation changes while each alone stays as it
//          was. It does not see what three features do together, nor pairs whose relation changes without moving the
//          products (x and |x| of a symmetric feature). The order of categories is the one that their numbers have: a
//          pair of them is seen where the products move in that order.
// Held out: every folds-th row in turn. All that looks at labels, the choice of features and pairs among it, has seen
//          the others only. In each fold the most_features that differ most by chi-square of their bins have columns,
//          and the most_pairs whose mean products differ most in standard errors.
// Interval: of the mean of the folds' areas, whose variances are DeLong's, corrected for what folds have in common. For
//          rows that do not depend on one another, and from 0.5 on: its lower end is above the true area, of sides that
//          are alike, with a probability of at most alpha/2 (simulated: 0.33 % for 0.5 %, of 200 rows a side).
// Shapes:  rows are row-major, count × width ≤ kMostWidth; NaN is a missing value, with a bin of its own.
// Errors:  InvalidArgument for rows that do not fit, or fewer than two of a side in a fold.
// Cost:    rows · (width²/2 + columns²/2) steps and some ten columns³/6 a fold: 4,000 rows of 12 features take 0.3 s.
// Source:  Lopez-Paz & Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017; DeLong et al., Biometrics 1988;
//          Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 2003.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

struct JointShiftOptions {
  std::size_t bins = 10, pair_bins = 6;
  std::size_t most_features = 20, most_pairs = 10;
  double l2 = 1;
  std::size_t folds = 5;
  double alpha = 0.05;
};

struct JointShift {
  static constexpr std::size_t kMostWidth = 256;
  // A feature, or a pair of them, and by how much it lifts the log odds of current rows above those of the reference.
  struct Part {
    std::size_t first = 0, second = 0;  // the same: one feature
    double lift = 0;

    bool is_pair() const { return first != second; }
  };

  double auc = 0.5;
  Interval interval;        // two-sided, 1 − alpha
  std::vector<Part> parts;  // those that tell the sides apart, the most telling one first
};

Result<JointShift> joint_shift(std::span<const double> reference, std::span<const double> current, std::size_t width,
                               const JointShiftOptions& options = {});

}  // namespace modelyard::statistics
