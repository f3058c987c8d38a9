#include "statistics/experiments/units.h"

namespace modelyard::statistics {
namespace {

Status check(const PairMoments& units) {
  if (units.count() >= kLeastUnits) return ok();
  return error(Code::kFailedPrecondition, "{} units: it begins at {}", units.count(), kLeastUnits);
}

MeanAndVariance adjusted(const PairMoments& arm, double theta, double mean_of_all) {
  const MeanAndVariance x = arm.x(), y = arm.y();
  return {arm.count(), y.mean - theta * (x.mean - mean_of_all),
          y.variance - 2 * theta * arm.covariance() + theta * theta * x.variance};
}

}  // namespace

Result<MeanAndVariance> unit_ratio(const PairMoments& units) {
  MODELYARD_TRY(check(units));
  const MeanAndVariance x = units.x(), y = units.y();
  if (x.mean == 0) return error(Code::kFailedPrecondition, "the mean of x is zero: there is no ratio");
  const double ratio = y.mean / x.mean;
  const double variance = y.variance - 2 * ratio * units.covariance() + ratio * ratio * x.variance;
  return MeanAndVariance{units.count(), ratio, variance / (x.mean * x.mean)};
}

Result<Cuped> cuped(const PairMoments& a, const PairMoments& b) {
  MODELYARD_TRY(check(a));
  MODELYARD_TRY(check(b));
  PairMoments all = a;
  all.merge(b);
  const MeanAndVariance x = all.x();
  if (x.variance == 0) return error(Code::kFailedPrecondition, "x does not vary: it explains nothing");
  const double theta = all.covariance() / x.variance;
  return Cuped{theta, adjusted(a, theta, x.mean), adjusted(b, theta, x.mean)};
}

}  // namespace modelyard::statistics
