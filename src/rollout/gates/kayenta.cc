#include "rollout/gates/kayenta.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "statistics/hypotheses/means.h"
#include "statistics/probability.h"

namespace modelyard::rollout {
namespace {

constexpr double kAlpha = 0.02;      // the confidence of 0.98
constexpr double kTolerance = 0.25;  // of the estimate, about zero
constexpr double kJitter = 1e-5;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Linear between ranks. Pre: sorted, not empty.
double quantile(const std::vector<double>& sorted, double share) {
  const double rank = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const double next = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (rank - static_cast<double>(below)) * (next - sorted[below]);
}

void drop_outliers(std::vector<double>& values, double factor) {
  if (values.empty()) return;
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  const double low = quantile(sorted, 0.25), high = quantile(sorted, 0.75), fence = factor * (high - low);
  std::erase_if(values, [&](double value) { return value < low - fence || value > high + fence; });
}

std::vector<double> prepare(std::vector<double> values, const KayentaMetric& metric) {
  if (metric.missing == MissingValues::kReplaceByZero) {
    std::ranges::replace_if(values, [](double value) { return std::isnan(value); }, 0.0);
    if (values.empty()) values.assign(1, 0.0);
  }
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (metric.outlier_factor) drop_outliers(values, *metric.outlier_factor);
  return values;
}

bool is_constant(const std::vector<double>& values) {
  return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
}

// Ranks for values that are all the same.
void spread_out(std::vector<double>& values) {
  const auto size = static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double step = statistics::normal_quantile((static_cast<double>(i) + 0.5) / size);
    values[i] += kJitter * std::abs(values[i]) * step;
  }
}

bool are_alike(std::vector<double> control, std::vector<double> candidate) {
  std::ranges::sort(control);
  std::ranges::sort(candidate);
  if (control == candidate) return true;
  return is_constant(control) && is_constant(candidate) && control.front() == candidate.front();
}

double effect_of(const KayentaMetric& metric, const KayentaSeries& series) {
  if (metric.effect == KayentaEffect::kMeanRatio) {
    const double control = mean(series.control), candidate = mean(series.candidate);
    return control == 0 || candidate == 0 ? std::nan("") : candidate / control;
  }
  double above = 0;
  for (const double candidate : series.candidate) {
    for (const double control : series.control) above += candidate > control ? 1 : candidate == control ? 0.5 : 0;
  }
  return above / (static_cast<double>(series.control.size()) * static_cast<double>(series.candidate.size()));
}

// NaN passes any limit: without an effect it is the interval alone that decides.
bool is_increase(double effect, std::optional<double> limit, double none) {
  return std::isnan(effect) || effect >= limit.value_or(none);
}
bool is_decrease(double effect, std::optional<double> limit, double none) {
  return std::isnan(effect) || effect <= limit.value_or(none);
}

void classify(const KayentaMetric& metric, KayentaComparison& comparison) {
  const double none = metric.effect == KayentaEffect::kMeanRatio ? 1.0 : 0.5;
  const double band = kTolerance * std::abs(comparison.shift), effect = comparison.effect;
  const bool may_rise = metric.direction != KayentaDirection::kDecrease;
  const bool may_fall = metric.direction != KayentaDirection::kIncrease;
  comparison.classification = KayentaClass::kPass;
  if (may_rise && comparison.interval.low > band && is_increase(effect, metric.allowed_increase, none)) {
    comparison.classification = KayentaClass::kHigh;
    comparison.is_critical_failure = metric.is_critical && is_increase(effect, metric.critical_increase, none);
  } else if (may_fall && comparison.interval.high < -band && is_decrease(effect, metric.allowed_decrease, none)) {
    comparison.classification = KayentaClass::kLow;
    comparison.is_critical_failure = metric.is_critical && is_decrease(effect, metric.critical_decrease, none);
  }
}

KayentaComparison without_data(const KayentaMetric& metric) {
  KayentaComparison comparison;
  comparison.classification = metric.must_have_data ? KayentaClass::kNoDataFail : KayentaClass::kNoData;
  comparison.is_critical_failure = metric.must_have_data && metric.is_critical;
  comparison.because = fmt::format("{}: a side has no values", metric.name);
  return comparison;
}

Status check(const KayentaMetric& metric, const KayentaSeries& series) {
  for (const auto* const side : {&series.control, &series.candidate}) {
    if (std::ranges::any_of(*side, [](double value) { return std::isinf(value); })) {
      return error(Code::kInvalidArgument, "metric {}: an infinity cannot be compared; leave it out", metric.name);
    }
  }
  return ok();
}

// One value has no rank among others: it is compared as if it were there twice.
void make_two(std::vector<double>& values) {
  if (values.size() == 1) values.assign(2, double{values.front()});
}

struct Group {
  double passed = 0, judged = 0;

  double score() const { return judged == 0 ? 100 : 100 * passed / judged; }
};

Result<double> weighted(const std::map<std::string, Group>& groups, const KayentaScoring& scoring) {
  double given = 0;
  for (const auto& [name, weight] : scoring.weights) {
    if (!groups.contains(name)) return error(Code::kInvalidArgument, "no metric is of the group '{}'", name);
    if (!(weight >= 0)) return error(Code::kInvalidArgument, "group '{}': a weight of {}", name, weight);
    given += weight;
  }
  if (given > 100) return error(Code::kInvalidArgument, "weights of groups sum to {}, above 100", given);
  const auto others = static_cast<double>(groups.size() - scoring.weights.size());
  double sum = 0;
  for (const auto& [name, group] : groups) {
    const auto weight = scoring.weights.find(name);
    sum += group.score() / 100 * (weight == scoring.weights.end() ? (100 - given) / others : weight->second);
  }
  return std::round(100 * sum) / 100;
}

// What makes the score 0, whatever else passes.
std::optional<std::string> reason_for_zero(std::span<const KayentaMetric> metrics, const KayentaScore& score) {
  double without = 0, all = 0;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (metrics[i].is_muted) continue;
    const KayentaComparison& comparison = score.comparisons[i];
    if (comparison.is_critical_failure) return fmt::format("critical metric failed: {}", comparison.because);
    without += comparison.classification == KayentaClass::kNoData ? 1 : 0;
    all += 1;
  }
  if (2 * without < all) return std::nullopt;
  return fmt::format("{} of {} metrics have no data", without, all);
}

}  // namespace

std::string_view kayenta_class_name(KayentaClass value) {
  switch (value) {
    case KayentaClass::kPass: return "Pass";
    case KayentaClass::kHigh: return "High";
    case KayentaClass::kLow: return "Low";
    case KayentaClass::kNoData: return "Nodata";
    case KayentaClass::kNoDataFail: return "NodataFailMetric";
  }
  return "";
}

Result<KayentaComparison> compare_series(const KayentaMetric& metric, const KayentaSeries& series) {
  MODELYARD_TRY(check(metric, series));
  KayentaSeries prepared{prepare(series.control, metric), prepare(series.candidate, metric)};
  if (prepared.control.empty() || prepared.candidate.empty()) return without_data(metric);
  KayentaComparison comparison;
  comparison.effect = effect_of(metric, prepared);
  if (are_alike(prepared.control, prepared.candidate)) {
    comparison.because = fmt::format("{}: both sides are the same", metric.name);
    return comparison;
  }
  const bool are_flat = is_constant(prepared.control) && is_constant(prepared.candidate);
  make_two(prepared.control);
  make_two(prepared.candidate);
  if (are_flat) {
    spread_out(prepared.control);
    spread_out(prepared.candidate);
  }
  MODELYARD_ASSIGN(const auto shift, statistics::hodges_lehmann(prepared.control, prepared.candidate, kAlpha));
  comparison.shift = shift.shift;
  comparison.interval = shift.interval;
  classify(metric, comparison);
  comparison.because = fmt::format("{}: {}, by {:.3g} (between {:.3g} and {:.3g}) from control, effect {:.3g}",
                                   metric.name, kayenta_class_name(comparison.classification), comparison.shift,
                                   comparison.interval.low, comparison.interval.high, comparison.effect);
  return comparison;
}

Result<KayentaScore> kayenta_score(std::span<const KayentaMetric> metrics, std::span<const KayentaSeries> series,
                                   const KayentaScoring& scoring) {
  KayentaScore score;
  std::map<std::string, Group> groups;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    MODELYARD_ASSIGN(KayentaComparison comparison, compare_series(metrics[i], series[i]));
    if (!metrics[i].is_muted) {
      Group& group = groups[metrics[i].group];
      group.passed += comparison.classification == KayentaClass::kPass ? 1 : 0;
      group.judged += comparison.classification == KayentaClass::kNoData ? 0 : 1;
    }
    score.comparisons.push_back(std::move(comparison));
  }
  if (groups.empty()) return error(Code::kInvalidArgument, "there is no metric to judge");
  MODELYARD_ASSIGN(score.score, weighted(groups, scoring));
  for (const auto& [name, group] : groups) score.groups[name] = group.score();
  if (const auto reason = reason_for_zero(metrics, score)) {
    score.score = 0;
    score.because = *reason;
  } else {
    score.because = fmt::format("score {:.4g}; pass from {:.4g}, marginal from {:.4g}", score.score, scoring.pass,
                                scoring.marginal);
  }
  score.result = score.score >= scoring.pass       ? KayentaResult::kPass
                 : score.score >= scoring.marginal ? KayentaResult::kMarginal
                                                   : KayentaResult::kFail;
  return score;
}

}  // namespace modelyard::rollout
