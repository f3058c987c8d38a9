// Small linear models on binned features: ridge regression and L2 logistic regression.
//
// BinnedFeatures turns a row of numbers into one active column a feature: its bin among quantiles of the rows it was
// made from, with a bin for what is missing (NaN). Bins make a linear model see curves and thresholds, and outliers
// harmless.
//
// Shapes: rows are row-major, count × width. Columns: for each feature its bins, one behind the other.
// Errors: InvalidArgument for sizes that do not fit, no rows, targets that are not finite, a penalty of zero or below.
// Cost:   fitting takes rows · width² + columns³/6 steps (Newton's method: ten times that or so).
// Source: Hoerl & Kennard, Ridge Regression, 1970; le Cessie & van Houwelingen, Ridge Estimators in Logistic
//         Regression, 1992. The penalty is l2/2·|w|², the intercept is free: scikit-learn's Ridge(alpha=l2),
//         LogisticRegression(C=1/l2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "statistics/sketches/histogram.h"

namespace modelyard::statistics {

class BinnedFeatures {
 public:
  static Result<BinnedFeatures> make(std::span<const double> rows, std::size_t width, std::size_t bins);

  std::size_t width() const { return edges_.size(); }
  std::size_t columns() const { return columns_; }
  // The active column of each feature: width() numbers below columns().
  void encode(std::span<const double> row, std::span<std::uint32_t> active) const;
  // Of all rows.
  std::vector<std::uint32_t> encode_rows(std::span<const double> rows) const;

 private:
  std::vector<Edges> edges_;
  std::vector<std::uint32_t> begins_;  // of each feature's columns; its last one is for what is missing
  std::size_t columns_ = 0;
};

// Rows of active columns, as BinnedFeatures gives them.
struct Encoded {
  std::span<const std::uint32_t> active;
  std::size_t width = 0;
  std::size_t columns = 0;

  std::size_t count() const { return width == 0 ? 0 : active.size() / width; }
  std::span<const std::uint32_t> row(std::size_t i) const { return active.subspan(i * width, width); }
};

struct LinearModel {
  double intercept = 0;
  std::vector<double> weights;  // by column

  double operator()(std::span<const std::uint32_t> active) const;
};

Result<LinearModel> fit_ridge(const Encoded& rows, std::span<const double> targets, double l2);
// Gives log-odds. Labels are 0 or 1.
Result<LinearModel> fit_logistic(const Encoded& rows, std::span<const std::uint8_t> labels, double l2);

}  // namespace modelyard::statistics
