#include "monitoring/drift/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "statistics/distances/binned.h"
#include "statistics/distances/chi_square.h"
#include "statistics/distances/distributions.h"
#include "statistics/distances/samples.h"
#include "statistics/hypotheses/multiplicity.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::monitoring {
namespace {

namespace st = statistics;

constexpr double kLeastDeviation = 0.001;
constexpr double kMostUncompared = 0.5;  // share of texts that are put together
constexpr double kLeastExpected = 5;     // rows of a category, for chi-square to hold

std::string percent(double share) {
  return fmt::format("{:.3g} %", 100 * share);
}

// Quantiles of few rows are rough: it is a hint for people, and no verdict hangs on it.
std::optional<double> scale_between(const st::Quantiles& reference, const st::Quantiles& current) {
  constexpr double kAgree = 0.2, kLeast = 1.25;
  const auto agrees = [](double ratio, double with) { return std::abs(ratio / with - 1) <= kAgree; };
  const double scale = current.quantile(0.5) / reference.quantile(0.5);
  if (!std::isfinite(scale) || scale <= 0 || std::max(scale, 1 / scale) < kLeast) return std::nullopt;
  for (const double rank : {0.1, 0.25, 0.75, 0.9}) {
    const double before = reference.quantile(rank), now = current.quantile(rank);
    if ((before != 0 || now != 0) && !agrees(now / before, scale)) return std::nullopt;
  }
  const double spread_before = reference.quantile(0.9) - reference.quantile(0.1);
  const double spread_now = current.quantile(0.9) - current.quantile(0.1);
  return agrees(spread_now / spread_before, scale) ? std::optional(scale) : std::nullopt;
}

void compare_numbers(const FeatureProfile& reference, const FeatureProfile& current, FeatureDrift& drift) {
  const auto a = reference.quantiles().distribution(), b = current.quantiles().distribution();
  const double deviation = std::sqrt(reference.moments().population_variance());
  drift.distance = st::wasserstein_distance(a, b) / std::max(deviation, kLeastDeviation);
  const double error = reference.quantiles().rank_error() + current.quantiles().rank_error();
  const double sure = std::max(0.0, st::ks_statistic(a, b) - error);
  drift.p = st::ks_limit_p(sure, reference.present(), current.present());
  drift.scale = scale_between(reference.quantiles(), current.quantiles());
  drift.change =
      fmt::format("median {:.4g} → {:.4g}", reference.quantiles().quantile(0.5), current.quantiles().quantile(0.5));
}

// Counts of the categories of either side; those that are rare, or not kept by the sketches, are one.
struct Counts {
  std::vector<std::string> names;  // "" is the rest
  std::vector<double> reference, current;

  // The share of what is put together.
  double rest(const std::vector<double>& side) const {
    if (names.empty() || !names.back().empty()) return 0;
    return side.back() / std::max(1.0, std::accumulate(side.begin(), side.end(), 0.0));
  }
};

Counts counts_of(const st::Frequent& reference, const st::Frequent& current) {
  std::set<std::string> names;
  for (const auto* const side : {&reference, &current}) {
    for (const st::Frequent::Entry& entry : side->entries()) names.insert(entry.text);
  }
  const auto all_a = static_cast<double>(reference.count()), all_b = static_cast<double>(current.count());
  const double smaller_side = std::min(all_a, all_b) / (all_a + all_b);
  Counts counts;
  double rest_a = all_a, rest_b = all_b;
  for (const std::string& name : names) {
    const auto a = static_cast<double>(reference.count_of(name)), b = static_cast<double>(current.count_of(name));
    if ((a + b) * smaller_side < kLeastExpected) continue;
    counts.names.push_back(name);
    counts.reference.push_back(a);
    counts.current.push_back(b);
    rest_a -= a;
    rest_b -= b;
  }
  if (rest_a + rest_b > 0) {
    counts.names.emplace_back();
    counts.reference.push_back(rest_a);
    counts.current.push_back(rest_b);
  }
  return counts;
}

void compare_categories(const FeatureProfile& reference, const FeatureProfile& current, FeatureDrift& drift) {
  const Counts counts = counts_of(reference.categories(), current.categories());
  const double rest_before = counts.rest(counts.reference), rest_now = counts.rest(counts.current);
  if (std::min(rest_before, rest_now) > kMostUncompared) {
    drift.compared = false;
    drift.change = fmt::format("{} of its texts are too rare to compare", percent(rest_now));
    return;
  }
  const auto pair = st::BinnedPair::make(counts.reference, counts.current);
  if (!pair) return;
  drift.distance = st::js_distance(*pair, st::Logarithm::kNatural);
  const auto test = st::chi_square_two_samples(counts.reference, counts.current);
  drift.p = test ? test->p : 1;
  std::size_t most = 0;
  const auto moved = [&](std::size_t i) { return std::abs(pair->current()[i] - pair->reference()[i]); };
  for (std::size_t i = 1; i < counts.names.size(); ++i) {
    if (moved(i) > moved(most)) most = i;
  }
  drift.change = fmt::format("{} {} → {}", counts.names[most].empty() ? "all others" : "'" + counts.names[most] + "'",
                             percent(pair->reference()[most]), percent(pair->current()[most]));
}

FeatureDrift compare_feature(const std::string& feature, const FeatureProfile& reference, const FeatureProfile& current,
                             const DriftRule& rule) {
  FeatureDrift drift;
  drift.feature = feature;
  drift.kind = current.kind();
  drift.reference_rows = reference.rows();
  drift.current_rows = current.rows();
  drift.verdict = DriftVerdict::kNoData;
  if (reference.kind() != current.kind()) {
    drift.verdict = DriftVerdict::kMissing;
    drift.change = fmt::format("{} → {}", feature_kind_name(reference.kind()), feature_kind_name(current.kind()));
    return drift;
  }
  if (std::min(reference.rows(), current.rows()) < rule.least_rows) return drift;
  drift.verdict = DriftVerdict::kStable;
  drift.reference_missing = static_cast<double>(reference.missing()) / static_cast<double>(reference.rows());
  drift.current_missing = static_cast<double>(current.missing()) / static_cast<double>(current.rows());
  const auto test =
      st::two_proportion_test({reference.missing(), reference.rows()}, {current.missing(), current.rows()});
  drift.missing_p = test ? test->p : 1;
  if (std::min(reference.present(), current.present()) == 0) return drift;
  if (drift.kind == FeatureKind::kNumber) {
    compare_numbers(reference, current, drift);
  } else {
    compare_categories(reference, current, drift);
  }
  return drift;
}

// p-values of all features together, since all of them are looked at.
void adjust(std::vector<FeatureDrift>& all, double FeatureDrift::* p, const DriftRule& rule) {
  std::vector<double> values, weights;
  for (const FeatureDrift& drift : all) {
    if (drift.verdict != DriftVerdict::kStable) continue;
    const auto own = rule.importance.find(drift.feature);
    values.push_back(drift.*p);
    weights.push_back(own == rule.importance.end() ? 1 : own->second);
  }
  const auto adjusted = st::weighted_benjamini_hochberg_adjusted(values, weights);
  std::size_t next = 0;
  for (FeatureDrift& drift : all) {
    if (drift.verdict == DriftVerdict::kStable) drift.*p = adjusted[next++];
  }
}

void judge(FeatureDrift& drift, const DriftRule& rule) {
  if (drift.verdict != DriftVerdict::kStable) return;
  const bool moved = drift.distance >= rule.distance_floor && drift.p < rule.alpha;
  const double missing = std::abs(drift.current_missing - drift.reference_missing);
  const bool is_missing = missing >= rule.missing_floor && drift.missing_p < rule.alpha;
  if (!drift.compared) drift.verdict = DriftVerdict::kNoData;
  if (moved || is_missing) drift.verdict = DriftVerdict::kDrifted;
  if (!is_missing) return;
  const std::string change =
      fmt::format("missing {} → {}", percent(drift.reference_missing), percent(drift.current_missing));
  drift.change = moved ? drift.change + "; " + change : change;
}

FeatureDrift on_one_side(const std::string& feature, const FeatureProfile& profile, bool is_new,
                         const DriftRule& rule) {
  FeatureDrift drift;
  drift.feature = feature;
  drift.kind = profile.kind();
  drift.verdict = rule.same_features ? DriftVerdict::kMissing : DriftVerdict::kNoData;
  (is_new ? drift.current_rows : drift.reference_rows) = profile.rows();
  if (is_new) {
    drift.change = rule.same_features ? "it was not there" : "the reference does not have it";
  } else {
    drift.change = rule.same_features ? "it is not there any more" : "it is not in live data, or masked there";
  }
  return drift;
}

}  // namespace

std::string_view drift_verdict_name(DriftVerdict verdict) {
  switch (verdict) {
    case DriftVerdict::kStable: return "stable";
    case DriftVerdict::kDrifted: return "drifted";
    case DriftVerdict::kNoData: return "nodata";
    case DriftVerdict::kMissing: return "missing";
  }
  return "?";
}

std::vector<FeatureDrift> compare(const Profiles& reference, const Profiles& current, const DriftRule& rule) {
  std::vector<FeatureDrift> all;
  for (const auto& [feature, profile] : reference) {
    const auto now = current.find(feature);
    all.push_back(now == current.end() ? on_one_side(feature, profile, false, rule)
                                       : compare_feature(feature, profile, now->second, rule));
  }
  for (const auto& [feature, profile] : current) {
    if (!reference.contains(feature)) all.push_back(on_one_side(feature, profile, true, rule));
  }
  adjust(all, &FeatureDrift::p, rule);
  adjust(all, &FeatureDrift::missing_p, rule);
  for (FeatureDrift& drift : all) judge(drift, rule);
  const auto place = [](const FeatureDrift& drift) {
    const bool speaks = drift.verdict == DriftVerdict::kDrifted || drift.verdict == DriftVerdict::kMissing;
    return std::tuple(!speaks, -drift.distance, std::string_view(drift.feature));
  };
  std::ranges::sort(all, {}, place);
  return all;
}

}  // namespace modelyard::monitoring
