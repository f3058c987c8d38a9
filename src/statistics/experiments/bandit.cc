#include "statistics/experiments/bandit.h"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

struct Posterior {
  double a = 1, b = 1;

  double quantile(double share) const { return beta_quantile(share, a, b); }
  double cdf(double value) const { return beta_cdf(value, a, b); }
  double mean() const { return a / (a + b); }
  double log_density(double value) const { return (a - 1) * std::log(value) + (b - 1) * std::log1p(-value); }
};

Result<Posterior> posterior_of(const Share& arm) {
  if (arm.successes > arm.trials) {
    return error(Code::kInvalidArgument, "{} successes of {} trials", arm.successes, arm.trials);
  }
  return Posterior{1 + static_cast<double>(arm.successes), 1 + static_cast<double>(arm.trials - arm.successes)};
}

Result<std::vector<Posterior>> posteriors_of(std::span<const Share> arms) {
  if (arms.size() < 2 || arms.size() > kMostArms) {
    return error(Code::kInvalidArgument, "{} arms: expected 2 to {}", arms.size(), kMostArms);
  }
  std::vector<Posterior> posteriors;
  for (const Share& arm : arms) {
    MODELYARD_ASSIGN(posteriors.emplace_back(), posterior_of(arm));
  }
  return posteriors;
}

// Over the arm's own quantiles, so that it does not matter how narrow it is: ∫ Π F_other(F⁻¹(u)) du.
double best_probability(const std::vector<Posterior>& arms, std::size_t arm) {
  constexpr unsigned kDepth = 12;
  constexpr double kTolerance = 1e-9;
  const auto others_below = [&](double u) {
    const double value = arms[arm].quantile(u);
    double product = 1;
    for (std::size_t other = 0; other < arms.size(); ++other) {
      if (other != arm) product *= arms[other].cdf(value);
    }
    return product;
  };
  return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(others_below, 0.0, 1.0, kDepth, kTolerance);
}

double uniform(Random& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53;
}

}  // namespace

Result<double> superiority(const Share& a, const Share& b) {
  MODELYARD_ASSIGN(const Posterior left, posterior_of(a));
  MODELYARD_ASSIGN(const Posterior right, posterior_of(b));
  // The sum has as many terms as b has successes.
  double sum = 0;
  for (double i = 0; i < right.a; i += 1) {
    sum += std::exp(log_beta(left.a + i, left.b + right.b) - std::log(right.b + i) - log_beta(1 + i, right.b) -
                    log_beta(left.a, left.b));
  }
  return std::min(sum, 1.0);
}

Result<std::vector<double>> best_arm_probabilities(std::span<const Share> arms) {
  MODELYARD_ASSIGN(const auto posteriors, posteriors_of(arms));
  std::vector<double> probabilities;
  double sum = 0;
  for (std::size_t arm = 0; arm < posteriors.size(); ++arm) {
    sum += probabilities.emplace_back(best_probability(posteriors, arm));
  }
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

Result<std::vector<double>> thompson_shares(std::span<const Share> arms, double floor) {
  MODELYARD_ASSIGN(auto shares, best_arm_probabilities(arms));
  const double free = 1 - floor * static_cast<double>(arms.size());
  if (!(floor >= 0 && free > 0)) {
    return error(Code::kInvalidArgument, "a floor of {} leaves nothing to share among {} arms", floor, arms.size());
  }
  for (double& share : shares) share = floor + free * share;
  return shares;
}

Result<double> value_remaining(std::span<const Share> arms, Random& random, std::size_t draws) {
  constexpr double kShare = 0.95;
  MODELYARD_ASSIGN(const auto posteriors, posteriors_of(arms));
  if (draws == 0) return error(Code::kInvalidArgument, "without draws nothing is known");
  const auto leader =
      static_cast<std::size_t>(std::ranges::max_element(posteriors, {}, &Posterior::mean) - posteriors.begin());
  std::vector<double> remaining;
  for (std::size_t i = 0; i < draws; ++i) {
    double best = 0, of_leader = 0;
    for (std::size_t arm = 0; arm < posteriors.size(); ++arm) {
      const double value = posteriors[arm].quantile(uniform(random));
      best = std::max(best, value);
      if (arm == leader) of_leader = value;
    }
    remaining.push_back((best - of_leader) / of_leader);
  }
  const auto place = remaining.begin() + static_cast<std::ptrdiff_t>(kShare * static_cast<double>(draws - 1));
  std::ranges::nth_element(remaining, place);
  return *place;
}

Result<double> near_best_probability(const Share& arm, const Share& other, double margin) {
  constexpr unsigned kDepth = 12;
  constexpr double kTolerance = 1e-7, kBeyond = 1e-10;
  if (!(margin >= 0)) return error(Code::kInvalidArgument, "a margin of {}: expected 0 or more", margin);
  MODELYARD_ASSIGN(const Posterior mine, posterior_of(arm));
  MODELYARD_ASSIGN(const Posterior others, posterior_of(other));
  // ∫ f(x)·F_other((1 + margin)·x) dx where f is: it is asked at every look, and quantiles at each place would cost.
  const double log_whole = log_beta(mine.a, mine.b);
  const auto at = [&](double value) {
    return std::exp(mine.log_density(value) - log_whole) * others.cdf(std::min(1.0, (1 + margin) * value));
  };
  return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(at, mine.quantile(kBeyond),
                                                                       mine.quantile(1 - kBeyond), kDepth, kTolerance);
}

}  // namespace modelyard::statistics
