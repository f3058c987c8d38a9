#include <algorithm>
#include <cmath>

#include "base/duration.h"
#include "monitoring/monitors/judge.h"
#include "statistics/estimates/performance.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::monitoring {
namespace {

constexpr double kAlpha = 0.01;          // two-sided: 99.5 % on one side
constexpr double kStandardErrors = 2.6;  // likewise

// Whether a share is beyond its limit for sure.
bool is_beyond(std::uint64_t count, std::uint64_t of, double limit) {
  const auto interval = statistics::wilson_interval({count, of}, kAlpha);
  return interval && interval->low > limit;
}

double metric_of(const statistics::ConfusionShares& shares, std::string_view metric) {
  if (metric == "precision") return shares.precision();
  if (metric == "recall") return shares.recall();
  return metric == "f1" ? shares.f1() : shares.accuracy();
}

struct Estimate {
  double value = 0;
  double rows = 0;  // that the metric is a share of
};

// The rows that a metric divides by: all, those that are called positive, those that are so in all likelihood.
double rows_of(const statistics::ConfusionShares& shares, std::string_view metric) {
  const double called = shares.true_positive + shares.false_positive;
  const double likely = shares.true_positive + shares.false_negative;
  if (metric == "precision") return called;
  if (metric == "recall") return likely;
  return metric == "f1" ? std::min(called, likely) : 1;
}

// Nothing when there are too few rows, or none with a probability.
std::optional<Estimate> estimate_of(const Monitor& monitor, double threshold, const FeatureProfile& score) {
  if (score.kind() != FeatureKind::kNumber) return std::nullopt;
  const auto shares = statistics::estimated_confusion(score.quantiles().distribution(), threshold);
  if (!shares) return std::nullopt;
  const Estimate estimate{metric_of(*shares, monitor.metric),
                          rows_of(*shares, monitor.metric) * static_cast<double>(score.present())};
  const bool is_enough = estimate.rows >= static_cast<double>(monitor.drift.least_rows);
  return is_enough && std::isfinite(estimate.value) ? std::optional(estimate) : std::nullopt;
}

}  // namespace

Finding judge_volume(const Monitor& monitor, const Traffic& traffic) {
  Finding finding;
  finding.value = static_cast<double>(traffic.requests());
  const bool is_low = monitor.at_least && finding.value < *monitor.at_least;
  const bool is_high = monitor.at_most && finding.value > *monitor.at_most;
  finding.threshold = is_high ? *monitor.at_most : monitor.at_least.value_or(monitor.at_most.value_or(0));
  finding.outcome = is_low || is_high ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format("{} requests in {} ({} {:.6g})", traffic.requests(), format_duration(monitor.window),
                                 is_high || !monitor.at_least ? "at most" : "at least", finding.threshold);
  finding.numbers = {{"requests", traffic.requests()}};
  return finding;
}

Finding judge_latency(const Monitor& monitor, double limit_ms, const Traffic& traffic) {
  const std::uint64_t answered = traffic.answered();
  if (answered < monitor.least_requests) return no_data("", fmt::format("{} answered requests", answered));
  const auto limit = std::chrono::nanoseconds(static_cast<std::int64_t>(limit_ms * 1e6));
  Finding finding;
  finding.value = static_cast<double>(traffic.latency(monitor.share)->count()) / 1e6;
  finding.threshold = limit_ms;
  const std::uint64_t slower = traffic.slower_than(limit);
  finding.outcome = is_beyond(slower, answered, 1 - monitor.share) ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format("{:.4g} % of requests took up to {:.3g} ms (limit {:.3g} ms)", 100 * monitor.share,
                                 finding.value, limit_ms);
  finding.numbers = {{"latency_ms", finding.value}, {"slower", slower}, {"answered", answered}};
  return finding;
}

Finding judge_errors(const Monitor& monitor, double limit, const Traffic& traffic, const Traffic& latest) {
  const std::uint64_t requests = traffic.answered() + traffic.failed();
  if (requests < monitor.least_requests) return no_data("", fmt::format("{} requests", requests));
  Finding finding;
  finding.value = traffic.failed_share();
  finding.threshold = limit * monitor.burn;
  const bool is_burning = is_beyond(traffic.failed(), requests, finding.threshold);
  finding.outcome = is_burning && latest.failed_share() > finding.threshold ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format("{:.3g} % of {} requests failed (limit {:.3g} %)", 100 * finding.value, requests,
                                 100 * finding.threshold);
  finding.numbers = {{"failed", traffic.failed()}, {"requests", requests}, {"latest_share", latest.failed_share()}};
  return finding;
}

Finding judge_accuracy(const Monitor& monitor, const Metrics& metrics, bool is_provisional) {
  if (is_provisional) return no_data(monitor.metric, fmt::format("labels of {} rows: too few yet", metrics.rows));
  for (const Metric& metric : metrics.list) {
    if (metric.name != monitor.metric) continue;
    const statistics::Score& score = metric.score;
    Finding finding;
    finding.subject = monitor.metric;
    finding.value = score.value;
    // Without an interval it is the value that counts.
    const double low = score.interval ? score.interval->low : score.value;
    const double high = score.interval ? score.interval->high : score.value;
    const bool is_low = monitor.at_least && high < *monitor.at_least;
    const bool is_high = monitor.at_most && low > *monitor.at_most;
    finding.threshold = is_high ? *monitor.at_most : monitor.at_least.value_or(monitor.at_most.value_or(0));
    finding.outcome = is_low || is_high ? Outcome::kFail : Outcome::kPass;
    finding.sentence = fmt::format("{} is {:.4g} [{:.4g}, {:.4g}] of {} labelled rows (limit {:.4g})", monitor.metric,
                                   score.value, low, high, metrics.rows, finding.threshold);
    finding.numbers = {{"value", score.value}, {"low", low}, {"high", high}, {"rows", metrics.rows}};
    return finding;
  }
  return no_data(monitor.metric, "it is not defined for these rows");
}

Finding judge_estimate(const Monitor& monitor, double threshold, const FeatureProfile* reference,
                       const FeatureProfile& score) {
  const auto now = estimate_of(monitor, threshold, score);
  if (!now) return no_data(monitor.metric, fmt::format("{} rows with a probability are too few", score.present()));
  const auto before = reference != nullptr ? estimate_of(monitor, threshold, *reference) : std::nullopt;
  if (!before && !monitor.at_least) return no_data(monitor.metric, "there is no reference to compare it with");
  const Estimate then = before.value_or(Estimate());
  // A share's deviation is at most a half; that of what is surer than a coin, a quarter.
  const double deviation = monitor.metric == "accuracy" ? 0.25 : 0.5;
  double variance = deviation * deviation / now->rows;
  if (!monitor.at_least) variance += deviation * deviation / then.rows;
  Finding finding;
  finding.subject = monitor.metric;
  finding.value = now->value;
  finding.threshold = monitor.at_least.value_or(then.value - monitor.most_drop);
  const bool is_low = now->value + kStandardErrors * std::sqrt(variance) < finding.threshold;
  finding.outcome = is_low ? Outcome::kFail : Outcome::kPass;
  finding.sentence =
      fmt::format("estimated {} is {:.4g} of {} rows (limit {:.4g}), if what inputs mean has not changed",
                  monitor.metric, now->value, score.present(), finding.threshold);
  finding.numbers = {{"estimate", now->value}, {"rows", score.present()}};
  if (before) finding.numbers["reference_estimate"] = then.value;
  return finding;
}

Finding judge_age(const Monitor& monitor, std::chrono::seconds age) {
  Finding finding;
  finding.value = static_cast<double>(age.count());
  finding.threshold = *monitor.at_most;
  finding.outcome = finding.value > finding.threshold ? Outcome::kFail : Outcome::kPass;
  const auto days = [](double seconds) { return seconds / 86'400; };
  finding.sentence = monitor.kind == MonitorKind::kLabelLag
                         ? fmt::format("the newest labelled prediction is {:.3g} days old (limit {:.3g})",
                                       days(finding.value), days(finding.threshold))
                         : fmt::format("the version that answers is {:.3g} days old (limit {:.3g})",
                                       days(finding.value), days(finding.threshold));
  finding.numbers = {{"age_seconds", age.count()}};
  return finding;
}

}  // namespace modelyard::monitoring
