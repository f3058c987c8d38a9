#include "rollout/gates/rewards.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"
#include "rollout/gates/differences.h"
#include "rollout/gates/judging.h"
#include "rollout/gates/step_part.h"
#include "statistics/experiments/bandit.h"
#include "statistics/experiments/units.h"

namespace modelyard::rollout {
namespace {

constexpr std::string_view kLineBegin = "reward ";

// Steps in which both versions have rewards.
struct Strata {
  std::vector<StepPart> parts;
  double weights = 0;  // their sum
  UnitRatio candidate, stable;
};

Strata strata_of(const Gate& gate, const Evidence& evidence) {
  Strata strata;
  for (const StepEvidence& step : evidence.steps) {
    const auto candidate = signal_of(gate, step.candidate), stable = signal_of(gate, step.stable);
    if (!candidate || !stable) continue;
    strata.parts.push_back({step_weight(candidate->total_n, stable->total_n), *candidate, *stable});
    strata.weights += strata.parts.back().weight;
    strata.candidate.add(*candidate);
    strata.stable.add(*stable);
  }
  return strata;
}

// A version's rate in the mixture of strata that both have, as of so many independent answers as say as much of it.
statistics::Share independent(const Strata& strata, UnitRatio StepPart::* arm) {
  ClusterSum sum;
  for (const StepPart& part : strata.parts) sum.add(part.weight / strata.weights, part.*arm);
  const double rate = std::clamp(sum.value(), 0.0, 1.0);
  const double of_one = rate * (1 - rate), factor = variance_factor(strata.parts, strata.weights, arm);
  const double alike = of_one > 0 ? std::max(1.0, sum.variance() / (of_one * factor)) : 1;
  const double trials = std::max(1.0, std::floor(1 / (factor * alike)));
  return {static_cast<std::uint64_t>(std::min(std::round(rate * trials), trials)), static_cast<std::uint64_t>(trials)};
}

struct Posterior {
  double mean = 0, variance = 0;
};
Posterior posterior_of(const statistics::Share& share) {
  const double trials = static_cast<double>(share.trials) + 2;
  const double mean = (static_cast<double>(share.successes) + 1) / trials;
  return {mean, mean * (1 - mean) / (trials + 1)};
}

statistics::Interval likely_difference(const statistics::Share& candidate, const statistics::Share& stable) {
  constexpr double kDeviations = 1.959963984540054;
  const Posterior of_candidate = posterior_of(candidate), of_stable = posterior_of(stable);
  const double difference = of_candidate.mean - of_stable.mean;
  const double half = kDeviations * std::sqrt(of_candidate.variance + of_stable.variance);
  return {difference - half, difference + half};
}

double near_best(const statistics::Share& arm, const statistics::Share& other, double margin) {
  const auto probability = statistics::near_best_probability(arm, other, margin);
  MODELYARD_CHECK(probability.has_value(), "no more successes than trials");
  return std::clamp(*probability, 0.0, 1.0);
}

std::string sentence_of(const RewardRule& rule, const Strata& strata, const Verdict& verdict, double better,
                        double enough) {
  using judging::number_text;
  const bool leads = better >= 0.5;
  return fmt::format(
      "{} is {} % of {:.0f} rewards, {} % of {:.0f} of stable: {} is better with {} %, and with {} % no more than {} % "
      "is "
      "lost with it ({:g} % decide)",
      rule.metric, number_text(100 * verdict.candidate), strata.candidate.total_n, number_text(100 * *verdict.stable),
      strata.stable.total_n, leads ? "the candidate" : "stable", number_text(100 * (leads ? better : 1 - better)),
      number_text(100 * enough), number_text(100 * RewardRule::kNegligible), 100 * RewardRule::kSurely);
}

// Why there is nothing to say yet; "" when there is.
std::string what_lacks(const RewardRule& rule, const Strata& strata) {
  const double least = std::max(1.0, static_cast<double>(rule.least));
  if (strata.candidate.total_n < least || strata.stable.total_n < least) {
    return fmt::format("{:.0f} rewards of the candidate, {:.0f} of stable; it begins with {:.0f} of each",
                       strata.candidate.total_n, strata.stable.total_n, least);
  }
  const std::size_t buckets = std::min(strata.candidate.buckets(), strata.stable.buckets());
  if (static_cast<double>(buckets) >= statistics::kLeastUnits) return "";
  return fmt::format("rewards of {} groups of units: a comparison begins with {:.0f}", buckets,
                     statistics::kLeastUnits);
}

}  // namespace

std::string reward_line(std::string_view metric) {
  return fmt::format("{}{}", kLineBegin, metric);
}

std::optional<Gate> gate_like_reward(std::string_view line) {
  if (!line.starts_with(kLineBegin)) return std::nullopt;
  Gate gate;
  gate.text = line;
  gate.signal = Signal::kAccuracy;
  gate.metric = line.substr(kLineBegin.size());
  gate.comparison = Comparison::kAtLeast;
  gate.relative = RelativeTo::kStablePlus;
  return gate;
}

bool is_reward_name(std::string_view name) {
  const auto gate = parse_gate(fmt::format("metric:{} >= 0", name));
  return gate && gate->metric == name;
}

RewardVerdict judge_rewards(const RewardRule& rule, const Evidence& evidence) {
  const Gate like = *gate_like_reward(reward_line(rule.metric));
  const Strata strata = strata_of(like, evidence);
  RewardVerdict judged{
      judging::no_data(like, strata.candidate.total_n, strata.stable.total_n, what_lacks(rule, strata)), std::nullopt};
  Verdict& verdict = judged.verdict;
  if (!verdict.because.empty()) return judged;
  const statistics::Share candidate = independent(strata, &StepPart::candidate);
  const statistics::Share stable = independent(strata, &StepPart::stable);
  verdict.candidate = candidate.value();
  verdict.stable = stable.value();
  verdict.interval = likely_difference(candidate, stable);
  judged.better = near_best(candidate, stable, 0);
  const bool leads = *judged.better >= 0.5;
  const double enough = leads ? near_best(candidate, stable, RewardRule::kNegligible)
                              : near_best(stable, candidate, RewardRule::kNegligible);
  const Outcome decision = leads ? Outcome::kPass : Outcome::kFail;
  verdict.outcome = enough >= RewardRule::kSurely ? decision : Outcome::kInconclusive;
  verdict.because = sentence_of(rule, strata, verdict, *judged.better, enough);
  return judged;
}

}  // namespace modelyard::rollout
