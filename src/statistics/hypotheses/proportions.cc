#include "statistics/hypotheses/proportions.h"

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint64_t kMostTrials = std::uint64_t{1} << 52;  // halves between them are still numbers

Status check(const Share& share) {
  if (share.trials == 0) return error(Code::kInvalidArgument, "there are no trials");
  if (share.trials > kMostTrials) return error(Code::kInvalidArgument, "more than 2^52 trials");
  if (share.successes <= share.trials) return ok();
  return error(Code::kInvalidArgument, "{} successes of {} trials", share.successes, share.trials);
}

Status check(double alpha) {
  return alpha > 0 && alpha < 1 ? ok()
                                : Status(error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha));
}

// The first whole number in [low, high) of which `holds` is false; it holds for those before. high when there is none.
template <typename Predicate>
double first_without(double low, double high, Predicate holds) {
  while (low < high) {
    const double middle = std::floor(low + (high - low) / 2);
    if (holds(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Result<Interval> wilson_interval(const Share& share, double alpha) {
  MODELYARD_TRY(check(share));
  MODELYARD_TRY(check(alpha));
  const double z = -normal_quantile(alpha / 2), n = static_cast<double>(share.trials), p = share.value();
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return Interval{share.successes == 0 ? 0 : middle - half, share.successes == share.trials ? 1 : middle + half};
}

Result<Interval> clopper_pearson_interval(const Share& share, double alpha) {
  MODELYARD_TRY(check(share));
  MODELYARD_TRY(check(alpha));
  const auto k = static_cast<double>(share.successes), n = static_cast<double>(share.trials);
  return Interval{k == 0 ? 0 : beta_quantile(alpha / 2, k, n - k + 1),
                  k == n ? 1 : 1 - beta_quantile(alpha / 2, n - k, k + 1)};
}

Result<Interval> newcombe_interval(const Share& a, const Share& b, double alpha) {
  MODELYARD_ASSIGN(const Interval of_a, wilson_interval(a, alpha));
  MODELYARD_ASSIGN(const Interval of_b, wilson_interval(b, alpha));
  const double p = a.value(), q = b.value();
  return Interval{p - q - std::hypot(p - of_a.low, of_b.high - q), p - q + std::hypot(of_a.high - p, q - of_b.low)};
}

Result<ZTest> two_proportion_test(const Share& a, const Share& b) {
  MODELYARD_TRY(check(a));
  MODELYARD_TRY(check(b));
  const auto m = static_cast<double>(a.trials), n = static_cast<double>(b.trials);
  const double pooled = (static_cast<double>(a.successes) + static_cast<double>(b.successes)) / (m + n);
  const double variance = pooled * (1 - pooled) * (1 / m + 1 / n);
  if (variance == 0) return ZTest{};
  const double z = (a.value() - b.value()) / std::sqrt(variance);
  return ZTest{z, 2 * normal_survival(std::abs(z))};
}

Result<double> binomial_test(const Share& seen, double share) {
  MODELYARD_TRY(check(seen));
  if (!(share >= 0 && share <= 1)) return error(Code::kInvalidArgument, "{} is no share", share);
  const auto k = static_cast<double>(seen.successes), n = static_cast<double>(seen.trials), mean = n * share;
  if (k == mean) return 1.0;
  // Probabilities rise to the mean and fall behind it; the far tail is what is no likelier than k, but for rounding.
  const double bound = binomial_probability(k, n, share) * (1 + 1e-7);
  const auto likelier = [&](double outcome) { return binomial_probability(outcome, n, share) > bound; };
  if (k < mean) {
    const double far = first_without(std::ceil(mean), n + 1, likelier);
    return std::min(1.0, binomial_cdf(k, n, share) + binomial_survival(far - 1, n, share));
  }
  const double near = first_without(0, std::floor(mean) + 1, [&](double outcome) { return !likelier(outcome); });
  const double below = near > 0 ? binomial_cdf(near - 1, n, share) : 0;
  return std::min(1.0, binomial_survival(k - 1, n, share) + below);
}

}  // namespace modelyard::statistics
