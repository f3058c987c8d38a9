// Rewards say how a bandit shares requests out between the versions of a rollout, and when it has learnt enough.
//
// Reward:   0 or 1 of an answer, counted as a metric: what callers post, or "accuracy" of labels. More is better.
// Strata:   while the weight follows the rewards, whoever answers more in good hours looks better (Simpson's paradox). So
//           versions are compared within steps of evidence, of which each has one weight, and in which chance alone
//           decided who answered, whenever that was: rates are Σ w·rate over steps, with the same w = n_c·n_s/(n_c + n_s) for
//           both (stratification by propensity, Rosenbaum & Rubin, Biometrika 1983).
// Posterior: Beta(1 + successes, 1 + failures) of as many independent answers as say as much as these: fewer, where the
//           steps' weights are unlike the counts, and where rewards of one user are alike (unit_sums.h).
// Begins:   with `least` rewards of each version, of statistics::kLeastUnits buckets of units.
// Ends:     kPass when the candidate leads and kFail when stable does, as soon as with kSurely no more than kNegligible of
//           the leader's rate is lost with it. That is a statement of a Bayesian, who pays no price for looking often:
//           two versions that are alike are told apart, too, by chance (docs/statistics.md says how often).
// Interval: of candidate − stable; it holds 95 % of the posterior, and is not valid at all times.
// Threads:  pure.
// Source:   Scott, A Modern Bayesian Look at the Multi-armed Bandit, 2010 (statistics/experiments/bandit.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/verdict.h"

namespace modelyard::rollout {

struct RewardRule {
  static constexpr double kSurely = 0.95, kNegligible = 0.01;

  std::string_view metric;
  std::uint64_t least = 0;
};

struct RewardVerdict {
  Verdict verdict;               // by reward_line()
  std::optional<double> better;  // the probability that the candidate is; nothing before it begins
};
RewardVerdict judge_rewards(const RewardRule& rule, const Evidence& evidence);

// Under which name the verdict of a reward stands among those of gates; no gate can be written so.
std::string reward_line(std::string_view metric);
// The gate that is like it, to draw it and to keep its course: a share that is at least stable's.
std::optional<Gate> gate_like_reward(std::string_view line);

// [a-z0-9_.-], 1 to Gate::kLongestMetric.
bool is_reward_name(std::string_view name);

}  // namespace modelyard::rollout
