// How far predicted numbers are from the truth.
//
// Values:    those of scikit-learn.
// Intervals: see score.h. Student's for means of losses; the root of it for the RMSE; the delta method for R², a ratio
//            of two means: the variance of eᵢ − (1 − R²)·tᵢ over n·mean(t)², with eᵢ = (y − ŷ)² and tᵢ = (y −
//            mean(y))².
// Errors:    InvalidArgument for unequal lengths, no rows, NaN, an infinity, errors whose squares are beyond 1e70, a
//            quantile or an alpha outside of 0 … 1.
// Sources:   Koenker & Bassett, Regression Quantiles, Econometrica 1978; Cramér, Mathematical Methods of Statistics
//            1946 (delta method).
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "statistics/scores/score.h"

namespace modelyard::statistics {

struct RegressionScores {
  Score mae;            // mean of |y − ŷ|
  Score rmse;           // √ of the mean of (y − ŷ)²
  Score mape;           // mean of |y − ŷ| / max(|y|, 2⁻⁵²): 0.1 is ten per cent, huge where the truth is zero
  Score quantile_loss;  // mean of quantile·(y − ŷ) where the truth is above, (1 − quantile)·(ŷ − y) where it is below
  std::optional<Score> r2;  // 1 − Σe / Σt; nullopt when the truth does not vary
};

// quantile: which one the predictions are meant to be; 0.5 for the median.
Result<RegressionScores> regression_scores(std::span<const double> truth, std::span<const double> predicted,
                                           double quantile, double alpha);

}  // namespace modelyard::statistics
