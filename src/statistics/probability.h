// The distributions, and the special functions, that tests and intervals rest on. Every survival function keeps its relative precision in the tail.
//
// Errors: an argument outside of its domain is NaN, as for <cmath>.
// Source: Boost.Math, checked against scipy; Kolmogorov's limit is ours (Kolmogorov 1933, Smirnov 1948).
#pragma once

namespace modelyard::statistics {

double normal_cdf(double z);
double normal_survival(double z);      // P(Z > z)
double normal_quantile(double share);  // z with P(Z ≤ z) = share
double student_survival(double t, double degrees);
double student_quantile(double share, double degrees);
double chi_square_survival(double value, double degrees);
double chi_square_upper_quantile(double share, double degrees);  // value with P(X > value) = share
double beta_cdf(double value, double a, double b);
double beta_quantile(double share, double a, double b);
double binomial_probability(double successes, double trials, double share);
double binomial_cdf(double successes, double trials, double share);
double binomial_survival(double successes, double trials, double share);  // P(X > successes)

double gamma_cdf(double value, double shape);  // of scale 1

double log_gamma(double value);
double log_beta(double a, double b);
double zeta(double value);

// P(√n·D > λ) for n → ∞, D being the largest gap between two distribution functions.
double kolmogorov_survival(double lambda);

}  // namespace modelyard::statistics
