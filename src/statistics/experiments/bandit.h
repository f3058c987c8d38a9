// Arms that succeed or fail, and how traffic is shared out among them while one learns which is best (Thompson
// sampling): each gets the probability that it is the best, so that what seems worse is asked ever less.
//
// Posterior: Beta(1 + successes, 1 + failures): a flat prior.
// Floor:     no arm gets less than it, so that its propensity stays known and away from zero, and estimates that weigh by
//            it (experiments/off_policy.h) stay possible.
// Stop:      when the value remaining is small: with a probability of 95 % no arm is better than the one that looks best
//            by more than that share of it. Of two arms near_best_probability() says so without draws.
// Errors:    InvalidArgument for fewer than two arms, more than kMostArms, a floor that does not leave anything to share.
// Threads:   pure, but for `random`.
// Sources:   Thompson, Biometrika 1933; Scott, A Modern Bayesian Look at the Multi-armed Bandit, Appl. Stoch. Models Bus.
//            Ind. 2010; Miller, Formulas for Bayesian A/B Testing, 2014 (superiority).
#pragma once

#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

inline constexpr std::size_t kMostArms = 64;

// P(b is better than a), in closed form.
Result<double> superiority(const Share& a, const Share& b);

// The probability of each arm to be the best; they sum to 1.
Result<std::vector<double>> best_arm_probabilities(std::span<const Share> arms);

// The shares of traffic: those probabilities, above the floor.
Result<std::vector<double>> thompson_shares(std::span<const Share> arms, double floor);

// The 95 % quantile of (best − leader)/leader over `draws` draws of the posterior.
Result<double> value_remaining(std::span<const Share> arms, Random& random, std::size_t draws = 10'000);

// P(other is at most (1 + margin) times arm): that no more than the share `margin` of the arm is lost with it. With a
// margin of 0 it is superiority(other, arm). InvalidArgument for a margin below 0, too.
Result<double> near_best_probability(const Share& arm, const Share& other, double margin);

}  // namespace modelyard::statistics
