#include "statistics/sequential/mixtures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

Status check_alpha(double alpha) {
  return alpha > 0 && alpha < 1 ? ok()
                                : Status(error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha));
}

Status check(const Tuning& tuning) {
  MODELYARD_TRY(check_alpha(tuning.alpha));
  if (tuning.sides == Sides::kOne && tuning.alpha >= 0.5) {
    return error(Code::kInvalidArgument, "alpha of one side must be below 0.5, not {}", tuning.alpha);
  }
  if (std::isfinite(tuning.at) && tuning.at > 0) return ok();
  return error(Code::kInvalidArgument, "a boundary is tuned for a variance above zero, not {}", tuning.at);
}

// The mixing precision with which the two-sided normal boundary is nearly the tightest at a variance.
double precision_of(const Tuning& tuning) {
  const double evidence = -2 * std::log(tuning.sides == Sides::kTwo ? tuning.alpha : 2 * tuning.alpha);
  return tuning.at / (evidence + std::log1p(evidence));
}

class NormalMixture final : public Mixture {
 public:
  explicit NormalMixture(const Tuning& tuning) : sides_(tuning.sides), precision_(precision_of(tuning)) {}

  double log_e(double sum, double variance) const override {
    const double total = variance + precision_;
    const double half = sum * sum / (2 * total);
    if (sides_ == Sides::kTwo) return std::log(precision_ / total) / 2 + half;
    return std::log(4 * precision_ / total) / 2 + half + std::log(normal_cdf(sum / std::sqrt(total)));
  }

 private:
  const Sides sides_;
  const double precision_;
};

class GammaExponentialMixture final : public Mixture {
 public:
  GammaExponentialMixture(const Tuning& tuning, double scale)
      : scale_(scale), shape_(precision_of(tuning) / (scale * scale)) {
    start_ = shape_ * std::log(shape_) - log_gamma(shape_) - std::log(gamma_cdf(shape_, shape_));
  }

  double log_e(double sum, double variance) const override {
    const double shape = variance / (scale_ * scale_) + shape_;
    const double moved = (scale_ * sum + variance) / (scale_ * scale_);
    if (moved + shape_ <= 0) return -std::numeric_limits<double>::infinity();
    return start_ + log_gamma(shape) + std::log(gamma_cdf(moved + shape_, shape)) - shape * std::log(moved + shape_) +
           moved;
  }

 private:
  const double scale_;
  const double shape_;
  double start_ = 0;
};

class BetaBinomialMixture final : public Mixture {
 public:
  BetaBinomialMixture(const Tuning& tuning, double below, double above)
      : below_(below), above_(above), sides_(tuning.sides) {
    constexpr double kLeastShare = 1e-3;
    const double spread = below * above;
    prior_ = std::max(precision_of(tuning) - spread, kLeastShare * spread);
    start_ = log_beta_part(prior_, prior_);
  }

  double log_e(double sum, double variance) const override {
    const double width = below_ + above_;
    const double downs = (variance - below_ * sum) / (below_ * width);
    const double ups = (variance + above_ * sum) / (above_ * width);
    return variance / (below_ * above_) * std::log(width) - ups * std::log(below_) - downs * std::log(above_) +
           log_beta_part(prior_ + variance - below_ * sum, prior_ + variance + above_ * sum) - start_;
  }

 private:
  // The beta integral over the hypotheses that are mixed: all of them, or those above.
  double log_beta_part(double of_downs, double of_ups) const {
    const double width = below_ + above_;
    const double a = of_downs / (below_ * width), b = of_ups / (above_ * width);
    if (a <= 0 || b <= 0) return std::numeric_limits<double>::infinity();  // beyond what such values can sum to
    return log_beta(a, b) + (sides_ == Sides::kTwo ? 0 : std::log(beta_cdf(above_ / width, a, b)));
  }

  const double below_, above_;
  const Sides sides_;
  double prior_ = 0;
  double start_ = 0;
};

}  // namespace

double Mixture::bound(double variance, double alpha) const {
  const double wanted = -std::log(alpha);
  double low = 0, high = std::sqrt(variance);
  while (log_e(high, variance) < wanted) {
    low = high;
    high *= 2;
  }
  for (int i = 0; i < std::numeric_limits<double>::digits && high - low > 0; ++i) {
    const double middle = low + (high - low) / 2;
    (log_e(middle, variance) < wanted ? low : high) = middle;
  }
  return high;
}

Result<std::unique_ptr<Mixture>> normal_mixture(const Tuning& tuning) {
  MODELYARD_TRY(check(tuning));
  return std::unique_ptr<Mixture>(std::make_unique<NormalMixture>(tuning));
}

Result<std::unique_ptr<Mixture>> gamma_exponential_mixture(const Tuning& tuning, double scale) {
  MODELYARD_TRY(check(tuning));
  if (tuning.sides != Sides::kOne) return error(Code::kInvalidArgument, "a gamma-exponential mixture has one side");
  if (!(std::isfinite(scale) && scale > 0))
    return error(Code::kInvalidArgument, "scale must be positive, not {}", scale);
  return std::unique_ptr<Mixture>(std::make_unique<GammaExponentialMixture>(tuning, scale));
}

Result<std::unique_ptr<Mixture>> beta_binomial_mixture(const Tuning& tuning, double below, double above) {
  MODELYARD_TRY(check(tuning));
  const auto is_range = [](double value) { return std::isfinite(value) && value > 0; };
  if (!is_range(below) || !is_range(above)) {
    return error(Code::kInvalidArgument, "values must reach below and above their mean, not {} and {}", below, above);
  }
  return std::unique_ptr<Mixture>(std::make_unique<BetaBinomialMixture>(tuning, below, above));
}

Result<double> poly_stitched_bound(double variance, double alpha, double least, double c) {
  constexpr double kPower = 1.4, kEta = 2;
  MODELYARD_TRY(check_alpha(alpha));
  if (!(std::isfinite(least) && least > 0)) {
    return error(Code::kInvalidArgument, "the least variance must be positive, not {}", least);
  }
  const double v = std::max(variance, least);
  const double log_term = kPower * std::log(std::log(kEta * v / least)) +
                          std::log(zeta(kPower) / (alpha * std::pow(std::numbers::ln2, kPower)));
  const double first = (std::pow(kEta, 0.25) + std::pow(kEta, -0.25)) / std::numbers::sqrt2;
  const double second = (std::sqrt(kEta) + 1) / 2 * c * log_term;
  return std::sqrt(first * first * v * log_term + second * second) + second;
}

}  // namespace modelyard::statistics
