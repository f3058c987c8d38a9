#include "statistics/experiments/sample_size.h"

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"
#include "statistics/sequential/mixture_test.h"

namespace modelyard::statistics {
namespace {

constexpr double kMostRows = 1e15;

Status check_alpha(double alpha) {
  if (alpha > 0 && alpha < 1) return ok();
  return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
}

Status check(const Wanted& wanted) {
  MODELYARD_TRY(check_alpha(wanted.alpha));
  if (wanted.power > 0 && wanted.power < 1) return ok();
  return error(Code::kInvalidArgument, "power must lie in (0, 1), not {}", wanted.power);
}

Status check_effect(double difference) {
  if (std::isfinite(difference) && difference != 0) return ok();
  return error(Code::kInvalidArgument, "an effect of {} is never seen", difference);
}

Status check_variances(double a, double b) {
  if (a >= 0 && b >= 0 && a + b > 0 && std::isfinite(a + b)) return ok();
  return error(Code::kInvalidArgument, "variances {} and {}", a, b);
}

Status check_shares(double a, double b) {
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  if (!is_share(a) || !is_share(b)) return error(Code::kInvalidArgument, "{} and {} are no shares", a, b);
  return check_effect(b - a);
}

Result<std::uint64_t> rounded_up(double rows) {
  if (rows <= kMostRows) return static_cast<std::uint64_t>(std::ceil(rows));
  return error(Code::kInvalidArgument, "the effect is too small: more than 1e15 rows");
}

double one_sided(double alpha) {
  return -normal_quantile(alpha / 2);
}

// The normal pieces of the hypothesis and of the alternative may have different deviations.
double size(double of_hypothesis, double of_alternative, double effect, const Wanted& wanted) {
  const double z = one_sided(wanted.alpha) * of_hypothesis + normal_quantile(wanted.power) * of_alternative;
  return z * z / (effect * effect);
}

// Of rejecting on either side.
double power(double of_hypothesis, double of_alternative, double effect, double alpha) {
  const double edge = one_sided(alpha) * of_hypothesis;
  return normal_survival((edge - effect) / of_alternative) + normal_survival((edge + effect) / of_alternative);
}

}  // namespace

Result<std::uint64_t> size_for_means(double difference, double variance_a, double variance_b, const Wanted& wanted) {
  MODELYARD_TRY(check(wanted));
  MODELYARD_TRY(check_effect(difference));
  MODELYARD_TRY(check_variances(variance_a, variance_b));
  const double deviation = std::sqrt(variance_a + variance_b);
  return rounded_up(size(deviation, deviation, difference, wanted));
}

Result<std::uint64_t> size_for_shares(double a, double b, const Wanted& wanted) {
  MODELYARD_TRY(check(wanted));
  MODELYARD_TRY(check_shares(a, b));
  const double pooled = (a + b) / 2;
  return rounded_up(size(std::sqrt(2 * pooled * (1 - pooled)), std::sqrt(a * (1 - a) + b * (1 - b)), b - a, wanted));
}

Result<std::uint64_t> size_for_pairs(double first_only, double second_only, const Wanted& wanted) {
  MODELYARD_TRY(check(wanted));
  MODELYARD_TRY(check_shares(first_only, second_only));
  const double discordant = first_only + second_only, effect = second_only - first_only;
  if (discordant > 1) return error(Code::kInvalidArgument, "models disagree on more than all rows: {}", discordant);
  return rounded_up(size(std::sqrt(discordant), std::sqrt(discordant - effect * effect), effect, wanted));
}

Result<std::uint64_t> size_for_ranks(double superiority, const Wanted& wanted) {
  MODELYARD_TRY(check(wanted));
  MODELYARD_TRY(check_shares(0.5, superiority));
  // Of both arms N = (z + z)²/(12·¼·(P − ½)²); an arm is half of it.
  const double deviation = std::sqrt(1.0 / 6);
  return rounded_up(size(deviation, deviation, superiority - 0.5, wanted));
}

Result<std::uint64_t> size_for_mixture_test(double difference, double variance_a, double variance_b, double tau,
                                            double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check_effect(difference));
  MODELYARD_TRY(check_variances(variance_a, variance_b));
  if (!(std::isfinite(tau) && tau > 0)) return error(Code::kInvalidArgument, "tau must be positive, not {}", tau);
  const auto rejects = [&](double rows) {
    return mixture_test(difference, (variance_a + variance_b) / rows, tau, alpha).log_e >= -std::log(alpha);
  };
  double low = 0, high = kLeastOfArm;
  while (!rejects(high) && high <= kMostRows) {
    low = high;
    high *= 2;
  }
  while (high - low > 1 && high <= kMostRows) {
    const double middle = std::floor(low + (high - low) / 2);
    (rejects(middle) ? high : low) = middle;
  }
  return rounded_up(high);
}

Result<double> power_for_means(double difference, double variance_a, double variance_b, std::uint64_t of_arm,
                               double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check_variances(variance_a, variance_b));
  if (of_arm == 0) return error(Code::kInvalidArgument, "an arm without rows");
  const double deviation = std::sqrt((variance_a + variance_b) / static_cast<double>(of_arm));
  return power(deviation, deviation, difference, alpha);
}

Result<double> power_for_shares(double a, double b, std::uint64_t of_arm, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check_shares(a, b));
  if (of_arm == 0) return error(Code::kInvalidArgument, "an arm without rows");
  const auto n = static_cast<double>(of_arm);
  const double pooled = (a + b) / 2;
  return power(std::sqrt(2 * pooled * (1 - pooled) / n), std::sqrt((a * (1 - a) + b * (1 - b)) / n), b - a, alpha);
}

}  // namespace modelyard::statistics
