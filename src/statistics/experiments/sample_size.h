// How many rows a test wants, and what it sees with those that there are: before an experiment is begun.
//
// Sizes:   of each arm, rounded up; two-sided at alpha, with the power that is asked for.
// Power:   the share of experiments with an effect of that size which reject, of both sides.
// Formulas: means n = (z_{1−α/2} + z_{power})²·(σ²_a + σ²_b)/δ²; shares the same with p(1 − p), the hypothesis' pooled;
//          paired by the discordant share; ranks Noether's N = (z + z)²/(3·(P(B > A) − ½)²)/2; always-valid ones by
//          the time at which the mixture's interval has become as narrow as the effect.
// Errors:  InvalidArgument for no effect, an alpha or a power outside of (0, 1), shares outside of [0, 1].
// Sources: Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 2003, ch. 4; Connor, Biometrics 1987
//          (paired); Noether, JASA 1987.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace modelyard::statistics {

struct Wanted {
  double alpha = 0.05;
  double power = 0.8;
};

Result<std::uint64_t> size_for_means(double difference, double variance_a, double variance_b, const Wanted& wanted);
Result<std::uint64_t> size_for_shares(double a, double b, const Wanted& wanted);
// Rows that both models answer; `first_only` and `second_only` are the shares on which they disagree.
Result<std::uint64_t> size_for_pairs(double first_only, double second_only, const Wanted& wanted);
// `superiority` is P(B > A), ties counting half.
Result<std::uint64_t> size_for_ranks(double superiority, const Wanted& wanted);
// Of each arm, until sequential_mean_test() is expected to reject: for an effect of just `difference`, when half of the
// experiments have done so. Whoever wants 80 % plans about half as much more.
Result<std::uint64_t> size_for_mixture_test(double difference, double variance_a, double variance_b, double tau,
                                            double alpha);

Result<double> power_for_means(double difference, double variance_a, double variance_b, std::uint64_t of_arm,
                               double alpha);
Result<double> power_for_shares(double a, double b, std::uint64_t of_arm, double alpha);

}  // namespace modelyard::statistics
