#include "statistics/sequential/confidence_sequences.h"

#include <algorithm>
#include <cmath>

#include "statistics/sequential/mixtures.h"

namespace modelyard::statistics {
namespace {

Status check(double alpha, double at) {
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  if (!(std::isfinite(at) && at > 0)) return error(Code::kInvalidArgument, "at must be positive, not {}", at);
  return ok();
}

// Between a share that is refuted and one that is not.
double edge(const Share& seen, double refuted, double held, double alpha, double at) {
  constexpr int kSteps = 60;
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (refuted + held) / 2;
    (bernoulli_log_e(seen, middle, at) >= -std::log(alpha) ? refuted : held) = middle;
  }
  return refuted;
}

}  // namespace

double bernoulli_log_e(const Share& seen, double share, double at) {
  constexpr double kTunedAlpha = 0.05;  // of the boundary that is tight; evidence is valid at every level
  const auto n = static_cast<double>(seen.trials), k = static_cast<double>(seen.successes);
  const double spread = share * (1 - share);
  const auto mixture = beta_binomial_mixture({at * spread, kTunedAlpha, Sides::kTwo}, share, 1 - share);
  return mixture ? (*mixture)->log_e(k - n * share, n * spread) : std::nan("");
}

Result<Interval> bernoulli_sequence(const Share& share, double alpha, double at) {
  constexpr double kNearest = 1e-12;  // shares of 0 and 1 have no variance to mix over
  MODELYARD_TRY(check(alpha, at));
  if (share.successes > share.trials) {
    return error(Code::kInvalidArgument, "{} successes of {} trials", share.successes, share.trials);
  }
  if (share.trials == 0) return Interval{0, 1};
  const double middle = std::clamp(share.value(), kNearest, 1 - kNearest);
  Interval interval{0, 1};
  if (share.successes > 0) interval.low = edge(share, kNearest, middle, alpha, at);
  if (share.successes < share.trials) interval.high = edge(share, 1 - kNearest, middle, alpha, at);
  return interval;
}

Result<Interval> bounded_mean_sequence(double mean, double count, double alpha, double at) {
  MODELYARD_TRY(check(alpha, at));
  if (!(mean >= 0 && mean <= 1)) return error(Code::kInvalidArgument, "{} is no mean of values in [0, 1]", mean);
  if (!(count >= 0)) return error(Code::kInvalidArgument, "{} is no count", count);
  if (count == 0) return Interval{0, 1};
  MODELYARD_ASSIGN(const auto mixture, normal_mixture({at / 4, alpha, Sides::kTwo}));
  const double half = mixture->bound(count / 4, alpha) / count;
  return Interval{std::max(0.0, mean - half), std::min(1.0, mean + half)};
}

Result<Interval> asymptotic_sequence(const MeanAndVariance& sample, double alpha, double at) {
  MODELYARD_TRY(check(alpha, at));
  if (!(sample.count >= kLeastAsymptotic)) {
    return error(Code::kFailedPrecondition, "{} values: it begins at {}", sample.count, kLeastAsymptotic);
  }
  // ρ² of the tightest sequence at a time, appendix of the paper.
  const double evidence = -2 * std::log(alpha);
  const double rho_squared = (evidence + std::log1p(evidence)) / at;
  const double scaled = sample.count * rho_squared + 1;
  const double half = std::sqrt(sample.variance * 2 * scaled / (sample.count * sample.count * rho_squared) *
                                std::log(std::sqrt(scaled) / alpha));
  return Interval{sample.mean - half, sample.mean + half};
}

void EmpiricalBernstein::add(double value) {
  count_ += 1;
  // The bet may only depend on what came before.
  const double variance = squares_ / count_;  // of count − 1 values and the start
  const double bet = std::min(0.5, std::sqrt(2 * std::log(side_) / (variance * count_ * std::log1p(count_))));
  add(low_, value, bet);
  add(high_, 1 - value, bet);
  sum_ += value;
  const double mean = (0.5 + sum_) / (count_ + 1);
  squares_ += (value - mean) * (value - mean);
}

void EmpiricalBernstein::add(Lower& lower, double value, double bet) const {
  const double away = value - lower.before;
  lower.bets += bet;
  lower.won += bet * value;
  lower.paid += away * away * (-std::log1p(-bet) - bet);
  lower.before += away / count_;
}

double EmpiricalBernstein::bound(const Lower& lower) const {
  return lower.bets > 0 ? (lower.won - std::log(side_) - lower.paid) / lower.bets : 0;
}

Interval EmpiricalBernstein::interval() const {
  return {std::max(0.0, bound(low_)), std::min(1.0, 1 - bound(high_))};
}

}  // namespace modelyard::statistics
