#include "statistics/sequential/mixture_test.h"

namespace modelyard::statistics {
namespace {

Status check(double tau, double alpha) {
  if (!(std::isfinite(tau) && tau > 0)) return error(Code::kInvalidArgument, "tau must be positive, not {}", tau);
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  return ok();
}

Status check(const Share& arm, std::string_view name) {
  if (arm.successes > arm.trials) {
    return error(Code::kInvalidArgument, "{}: {} successes of {} trials", name, arm.successes, arm.trials);
  }
  if (std::min(arm.successes, arm.trials - arm.successes) >= kLeastEvents) return ok();
  return error(Code::kFailedPrecondition, "{}: {} successes and {} failures: it begins at {} of each", name,
               arm.successes, arm.trials - arm.successes, kLeastEvents);
}

Status check(const MeanAndVariance& arm, std::string_view name) {
  if (!std::isfinite(arm.mean) || !(arm.variance >= 0)) {
    return error(Code::kInvalidArgument, "{}: mean {} and variance {}", name, arm.mean, arm.variance);
  }
  if (arm.count >= kLeastOfArm) return ok();
  return error(Code::kFailedPrecondition, "{}: {} values: it begins at {}", name, arm.count, kLeastOfArm);
}

}  // namespace

SequentialTest mixture_test(double difference, double variance, double tau, double alpha) {
  const double prior = tau * tau, whole = variance + prior;
  SequentialTest test;
  test.difference = difference;
  test.log_e = std::log(variance / whole) / 2 + prior * difference * difference / (2 * variance * whole);
  test.p = std::min(1.0, std::exp(-test.log_e));
  const double half = std::sqrt(variance * whole / prior * (-2 * std::log(alpha) + std::log(whole / variance)));
  test.interval = {difference - half, difference + half};
  return test;
}

Result<SequentialTest> sequential_mean_test(const MeanAndVariance& a, const MeanAndVariance& b, double tau,
                                            double alpha) {
  MODELYARD_TRY(check(tau, alpha));
  MODELYARD_TRY(check(a, "a"));
  MODELYARD_TRY(check(b, "b"));
  const double variance = a.variance / a.count + b.variance / b.count;
  if (variance == 0) return error(Code::kFailedPrecondition, "neither arm varies: there is nothing to weigh");
  return mixture_test(b.mean - a.mean, variance, tau, alpha);
}

Result<SequentialTest> sequential_share_test(const Share& a, const Share& b, double tau, double alpha) {
  MODELYARD_TRY(check(tau, alpha));
  MODELYARD_TRY(check(a, "a"));
  MODELYARD_TRY(check(b, "b"));
  const auto spread = [](const Share& arm) {
    return arm.value() * (1 - arm.value()) / static_cast<double>(arm.trials);
  };
  return mixture_test(b.value() - a.value(), spread(a) + spread(b), tau, alpha);
}

}  // namespace modelyard::statistics
