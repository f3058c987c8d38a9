// Means of what units do, when a unit (a user, a session) sends many requests: it is units that are independent, so that
// variances are taken over them.
//
// unit_ratio:  Σy/Σx over units, such as errors per request: by the delta method
//              Var ≈ (σ²_y − 2R·σ_xy + R²σ²_x)/(n·μ²_x).
// cuped:       y less what another figure x of the same unit explains, known before and not changed by the arm: the mean
//              stays what it is, the variance falls by the squared correlation. θ is that of both arms together.
// Both begin at kLeastUnits units of an arm, since they are asymptotic.
// Errors:      FailedPrecondition for fewer units, or an x that does not vary (cuped) or has a mean of zero (unit_ratio).
// Sources:     Deng, Knoblich & Lu, Applying the Delta Method in Metric Analytics, KDD 2018; Deng, Xu, Kohavi & Walker,
//              Improving the Sensitivity of Online Controlled Experiments (CUPED), WSDM 2013.
#pragma once

#include "base/result.h"
#include "statistics/sketches/pair_moments.h"

namespace modelyard::statistics {

inline constexpr double kLeastUnits = 100;

// `variance` is that of one unit's part, so that variance/count is that of the estimate: it goes into
// sequential_mean_test() and welch_test() as it is.
Result<MeanAndVariance> unit_ratio(const PairMoments& units);

struct Cuped {
  double theta = 0;
  MeanAndVariance a, b;  // of y, adjusted
};

Result<Cuped> cuped(const PairMoments& a, const PairMoments& b);

}  // namespace modelyard::statistics
