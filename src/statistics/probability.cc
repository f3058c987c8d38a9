#include "statistics/probability.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/zeta.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace modelyard::statistics {
namespace {

namespace bm = boost::math;

// NaN and infinities instead of exceptions.
using Quiet = bm::policies::policy<bm::policies::domain_error<bm::policies::ignore_error>,
                                   bm::policies::pole_error<bm::policies::ignore_error>,
                                   bm::policies::overflow_error<bm::policies::ignore_error>,
                                   bm::policies::evaluation_error<bm::policies::ignore_error>>;
using Normal = bm::normal_distribution<double, Quiet>;
using Student = bm::students_t_distribution<double, Quiet>;
using ChiSquare = bm::chi_squared_distribution<double, Quiet>;
using Gamma = bm::gamma_distribution<double, Quiet>;
using Beta = bm::beta_distribution<double, Quiet>;
using Binomial = bm::binomial_distribution<double, Quiet>;

}  // namespace

double normal_cdf(double z) {
  return bm::cdf(Normal(), z);
}

double normal_survival(double z) {
  return bm::cdf(bm::complement(Normal(), z));
}

double normal_quantile(double share) {
  return bm::quantile(Normal(), share);
}

double student_survival(double t, double degrees) {
  return bm::cdf(bm::complement(Student(degrees), t));
}

double student_quantile(double share, double degrees) {
  return bm::quantile(Student(degrees), share);
}

double chi_square_survival(double value, double degrees) {
  return bm::cdf(bm::complement(ChiSquare(degrees), value));
}

double chi_square_upper_quantile(double share, double degrees) {
  return bm::quantile(bm::complement(ChiSquare(degrees), share));
}

double beta_cdf(double value, double a, double b) {
  return bm::cdf(Beta(a, b), value);
}

double gamma_cdf(double value, double shape) {
  return bm::cdf(Gamma(shape), value);
}

double log_gamma(double value) {
  return bm::lgamma(value, Quiet());
}

double log_beta(double a, double b) {
  return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

double zeta(double value) {
  return bm::zeta(value, Quiet());
}

double beta_quantile(double share, double a, double b) {
  return bm::quantile(Beta(a, b), share);
}

double binomial_probability(double successes, double trials, double share) {
  return bm::pdf(Binomial(trials, share), successes);
}

double binomial_cdf(double successes, double trials, double share) {
  return bm::cdf(Binomial(trials, share), successes);
}

double binomial_survival(double successes, double trials, double share) {
  return bm::cdf(bm::complement(Binomial(trials, share), successes));
}

double kolmogorov_survival(double lambda) {
  constexpr double kSmall = 1.0;  // below, the alternating series converges slowly; above, 1 − x loses digits
  if (std::isnan(lambda)) return lambda;
  if (lambda <= 0) return 1;
  double sum = 0;
  if (lambda < kSmall) {
    const double step = std::numbers::pi * std::numbers::pi / (8 * lambda * lambda);
    for (int odd = 1; odd < 20; odd += 2) sum += std::exp(-odd * odd * step);
    return 1 - std::sqrt(2 * std::numbers::pi) / lambda * sum;
  }
  for (int k = 1; k < 20; ++k) sum += (k % 2 == 1 ? 1 : -1) * std::exp(-2.0 * k * k * lambda * lambda);
  return 2 * sum;
}

}  // namespace modelyard::statistics
