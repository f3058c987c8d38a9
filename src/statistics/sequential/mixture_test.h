// The mixture sequential probability ratio test (mSPRT) of two arms: whether their means or shares are the same, looked
// at as often as one wants.
//
// Evidence:   E = √(w/(w + τ²)) · exp(τ²d²/(2w(w + τ²))) for a difference d = b − a whose estimate has the variance w,
//             mixed over effects of N(0, τ²): τ is about the effect that would matter. E ≥ 1/alpha rejects; the
//             interval holds the difference at all times at once.
// Validity:   exact for normal values of known variance, else as the sample grows: it begins at kLeastOfArm values, or
//             kLeastEvents successes and failures, of each arm.
// p:          1/E, at most 1; AlwaysValidP keeps the least over all looks.
// Errors:     InvalidArgument for a τ or an alpha out of range; FailedPrecondition below the least counts.
// Sources:    Robbins, Ann. Math. Stat. 1970; Johari, Pekelis & Walsh, Always Valid Inference, Operations Research
//             2022. Boundaries that hold for any number of looks: Ville 1939.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "statistics/hypotheses/means.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

inline constexpr double kLeastOfArm = 100;
inline constexpr std::uint64_t kLeastEvents = 100;

struct SequentialTest {
  double difference = 0;  // b − a
  double log_e = 0;
  double p = 1;       // of this look
  Interval interval;  // of the difference
};

// Of a difference whose estimate has this variance; for any asymptotically linear estimator, such as a ratio.
// Pre: variance > 0, tau > 0, 0 < alpha < 1.
SequentialTest mixture_test(double difference, double variance, double tau, double alpha);

Result<SequentialTest> sequential_mean_test(const MeanAndVariance& a, const MeanAndVariance& b, double tau,
                                            double alpha);
Result<SequentialTest> sequential_share_test(const Share& a, const Share& b, double tau, double alpha);

// Never rises: rejecting when it is at most alpha errs with a probability of alpha, whenever one stops.
class AlwaysValidP {
 public:
  explicit AlwaysValidP(double p = 1) : p_(p) {}
  void add(double log_e) { p_ = std::min(p_, std::exp(-log_e)); }
  double p() const { return p_; }

 private:
  double p_;
};

}  // namespace modelyard::statistics
