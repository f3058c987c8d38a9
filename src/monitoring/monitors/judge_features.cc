#include <algorithm>
#include <cmath>
#include <limits>

#include "monitoring/monitors/judge.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::monitoring {
namespace {

constexpr double kAlpha = 0.01;  // two-sided: 99.5 % on one side
constexpr double kUnseenExtremes = 10;

std::string percent(double share) {
  return fmt::format("{:.3g} %", 100 * share);
}

Profiles watched(const Monitor& monitor, const Profiles& profiles) {
  Profiles chosen;
  for (const auto& [feature, profile] : profiles) {
    if (monitor.watches(feature)) chosen.emplace(feature, profile);
  }
  return chosen;
}

Finding finding_of(const FeatureDrift& drift, const DriftRule& rule) {
  Finding finding;
  finding.subject = drift.feature;
  finding.value = drift.distance;
  finding.threshold = rule.distance_floor;
  finding.numbers = {{"distance", drift.distance},
                     {"p", drift.p},
                     {"missing_p", drift.missing_p},
                     {"reference_rows", drift.reference_rows},
                     {"current_rows", drift.current_rows}};
  if (drift.scale) finding.numbers["scale"] = *drift.scale;
  switch (drift.verdict) {
    case DriftVerdict::kStable: finding.outcome = Outcome::kPass; break;
    case DriftVerdict::kNoData:
      return no_data(drift.feature, drift.change.empty() ? fmt::format("{} rows", drift.current_rows) : drift.change);
    case DriftVerdict::kDrifted:
    case DriftVerdict::kMissing: finding.outcome = Outcome::kFail; break;
  }
  finding.sentence = fmt::format("`{}`: {}, distance {:.3g} (limit {:.3g}), p {:.2g}", drift.feature, drift.change,
                                 drift.distance, rule.distance_floor, drift.p);
  return finding;
}

// How many of the rows lie below or above all that the reference had; what the sketch may have put there is not
// counted.
std::uint64_t outside(const statistics::Quantiles& reference, const statistics::Quantiles& current) {
  const double below = current.rank(std::nextafter(reference.smallest(), -std::numeric_limits<double>::infinity()));
  const double above = 1 - current.rank(reference.largest());
  const double error = current.kept() == current.count() ? 0 : current.rank_error();
  return static_cast<std::uint64_t>(std::max(0.0, below + above - error) * static_cast<double>(current.count()));
}

// How likely as many values as the window has, all equal, are of the reference: of what is nearly always zero, and not
// all that unlikely of few.
double chance_of_constant(const FeatureProfile& reference, const FeatureProfile& current) {
  const statistics::Quantiles& before = reference.quantiles();
  const double value = current.quantiles().smallest();
  const double share =
      before.rank(value) - before.rank(std::nextafter(value, -std::numeric_limits<double>::infinity()));
  const auto equal =
      std::min(before.count(), static_cast<std::uint64_t>(std::llround((share + before.difference_error()) *
                                                                       static_cast<double>(before.count()))));
  const auto interval = statistics::wilson_interval({equal, before.count()}, kAlpha);
  return interval ? std::pow(interval->high, static_cast<double>(current.present())) : 1;
}

class Quality {
 public:
  Quality(const Monitor& monitor, std::vector<Finding>& findings) : rule_(monitor.quality), findings_(findings) {}

  void judge(const std::string& feature, const FeatureProfile& reference, const FeatureProfile& current) {
    feature_ = &feature;
    if (std::min(reference.rows(), current.rows()) < rule_.least_rows) {
      findings_.push_back(no_data(feature + "/missing", fmt::format("{} rows", current.rows())));
      return;
    }
    const double expected = static_cast<double>(reference.missing()) / static_cast<double>(reference.rows());
    add("missing", current.missing(), current.rows(), expected + rule_.missing_floor, "of values are missing");
    if (std::min(reference.present(), current.present()) < rule_.least_rows) return;
    current.kind() == FeatureKind::kNumber ? judge_number(reference, current) : judge_texts(reference, current);
  }

 private:
  void judge_number(const FeatureProfile& reference, const FeatureProfile& current) {
    const double unseen = kUnseenExtremes / static_cast<double>(reference.present());
    add("range", outside(reference.quantiles(), current.quantiles()), current.present(),
        std::max(rule_.range_floor, unseen),
        fmt::format("of values are outside of {:.4g} … {:.4g}", reference.quantiles().smallest(),
                    reference.quantiles().largest()));
    const bool is_stuck = reference.moments().population_variance() > 0 &&
                          current.moments().population_variance() <= 0 &&
                          chance_of_constant(reference, current) < kAlpha / 2;
    Finding finding;
    finding.subject = *feature_ + "/constant";
    finding.value = is_stuck ? 1 : 0;
    finding.outcome = is_stuck ? Outcome::kFail : Outcome::kPass;
    finding.sentence = is_stuck ? fmt::format("`{}`: all {} values are {:.4g}, and varied before", *feature_,
                                              current.present(), current.quantiles().smallest())
                                : fmt::format("`{}`: its values vary as they may", *feature_);
    finding.numbers = {{"rows", current.present()}};
    findings_.push_back(std::move(finding));
  }

  void judge_texts(const FeatureProfile& reference, const FeatureProfile& current) {
    if (reference.categories().slack() > 0) return;  // it had more texts than are known
    std::uint64_t once = 0, fresh = 0;
    for (const auto& entry : reference.categories().entries()) once += entry.count == 1 ? 1 : 0;
    std::string most;
    for (const auto& entry : current.categories().entries()) {
      if (reference.categories().count_of(entry.text) > 0) continue;
      if (most.empty()) most = entry.text;
      fresh += entry.count;
    }
    const double unseen =
        (2 * static_cast<double>(once) + kUnseenExtremes) / static_cast<double>(reference.categories().count());
    add("new_categories", fresh, current.present(), std::max(rule_.category_floor, unseen),
        fmt::format("of texts are new, '{}' above all", most));
  }

  void add(std::string_view check, std::uint64_t count, std::uint64_t rows, double floor, std::string_view what) {
    const auto interval = statistics::wilson_interval({count, rows}, kAlpha);
    Finding finding;
    finding.subject = fmt::format("{}/{}", *feature_, check);
    finding.value = static_cast<double>(count) / static_cast<double>(rows);
    finding.threshold = floor;
    finding.outcome = interval && interval->low > floor ? Outcome::kFail : Outcome::kPass;
    finding.sentence = fmt::format("`{}`: {} {} (limit {})", *feature_, percent(finding.value), what, percent(floor));
    finding.numbers = {{"share", finding.value}, {"rows", rows}};
    findings_.push_back(std::move(finding));
  }

  const QualityRule& rule_;
  std::vector<Finding>& findings_;
  const std::string* feature_ = nullptr;
};

}  // namespace

Finding no_data(std::string subject, std::string why) {
  return {std::move(subject), Outcome::kNoData, 0, 0, "no verdict: " + why, Json::object()};
}

std::vector<Finding> judge_drift(const Monitor& monitor, const Profiles& reference, const Profiles& current) {
  std::vector<Finding> findings;
  DriftRule rule = monitor.drift;
  rule.same_features = monitor.reference.has_value();
  for (const FeatureDrift& drift : compare(watched(monitor, reference), watched(monitor, current), rule)) {
    // What the reference has and the window has not is missing, unless the window is empty.
    if (current.empty()) continue;
    findings.push_back(finding_of(drift, monitor.drift));
  }
  return findings;
}

std::vector<Finding> judge_quality(const Monitor& monitor, const Profiles& reference, const Profiles& current) {
  std::vector<Finding> findings;
  Quality quality(monitor, findings);
  for (const auto& [feature, profile] : current) {
    if (!monitor.watches(feature)) continue;
    const auto before = reference.find(feature);
    if (before == reference.end()) continue;  // the drift monitor's matter
    const bool is_same = before->second.kind() == profile.kind();
    findings.push_back({feature + "/type", is_same ? Outcome::kPass : Outcome::kFail, is_same ? 0.0 : 1.0, 0,
                        fmt::format("`{}` was a {}, and is a {}", feature, feature_kind_name(before->second.kind()),
                                    feature_kind_name(profile.kind())),
                        Json::object()});
    if (!is_same) continue;
    quality.judge(feature, before->second, profile);
  }
  return findings;
}

}  // namespace modelyard::monitoring
