// Mixtures turn a sum into evidence that stays valid however often somebody looks, and boundaries that such a sum
// crosses with a probability of at most alpha, ever.
//
// Sum and variance: S is the sum of what came minus what the hypothesis expects, v ≥ 0 its intrinsic variance so far
//                   (said by each). E = exp(log_e(S, v)) has a mean of at most 1 under the hypothesis at any time that
//                   is chosen while looking (Ville 1939), so that E ≥ 1/alpha rejects.
// Sides:            kOne sees sums that are too large, kTwo those that are too small, too.
// Tuning:           a boundary is tightest about one variance, `at`; it is valid at all of them.
// Errors:           InvalidArgument for a variance, a scale or an alpha that is out of range; log_e() of a sum that is
//                   NaN is NaN.
// Source:           Howard, Ramdas, McAuliffe & Sekhon, Time-uniform, Nonparametric, Nonasymptotic Confidence
//                   Sequences, Ann. Statist. 2021: propositions 4, 5, 7 and 9, theorem 1. Vectors of the tests are
//                   those of its authors' package confseq.
#pragma once

#include <memory>

#include "base/result.h"

namespace modelyard::statistics {

enum class Sides { kOne, kTwo };

struct Tuning {
  double at = 0;  // variance
  double alpha = 0.05;
  Sides sides = Sides::kTwo;
};

class Mixture {
 public:
  virtual ~Mixture() = default;
  virtual double log_e(double sum, double variance) const = 0;
  // The least sum with log_e(sum, variance) ≥ ln(1/alpha). Pre: 0 < alpha < 1, variance > 0.
  double bound(double variance, double alpha) const;
};

// Of sub-Gaussian sums: of values in [0, 1] each adds ¼ to the variance, of normal ones their own variance.
Result<std::unique_ptr<Mixture>> normal_mixture(const Tuning& tuning);
// Of sub-exponential sums with scale > 0, such as centred values that are at most `scale` above their mean. One side.
Result<std::unique_ptr<Mixture>> gamma_exponential_mixture(const Tuning& tuning, double scale);
// Of values in [−below, above] about their mean: sub-Bernoulli; each adds below·above to the variance.
Result<std::unique_ptr<Mixture>> beta_binomial_mixture(const Tuning& tuning, double below, double above);

// A boundary in closed form for sub-gamma sums with scale `c` (negative: lighter than Gaussian), for variances of
// `least` and more. One side; for two sides take alpha/2.
Result<double> poly_stitched_bound(double variance, double alpha, double least, double c);

}  // namespace modelyard::statistics
