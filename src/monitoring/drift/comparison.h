// Whether the values of features have changed between two periods, by how much, and how sure that is.
//
//   numbers     by how much: Wasserstein-1 in standard deviations of the reference. How sure: Kolmogorov–Smirnov, from
//               whose statistic both sketches' rank errors are taken off.
//   categories  by how much: Jensen–Shannon distance (natural logarithm) of the shares. How sure: chi-square of two
//               samples, rare categories put together.
//   missing     by how much: difference of the shares. How sure: two proportions.
//
// A feature has drifted when both speak for it: the distance reaches its floor, and the p-value, adjusted for the
// number of features (Benjamini–Hochberg, weighted by their importance), is below alpha. A small p-value alone is only a sign of many rows. Assumes
// rows that do not depend on one another; where they do (one customer, many rows), p-values are too small, and the
// floor is what holds. Sources: statistics/distances, statistics/hypotheses. Threads: pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "monitoring/profile/feature_profile.h"

namespace modelyard::monitoring {

struct DriftRule {
  double alpha = 0.05;
  double distance_floor = 0.1;     // of numbers and of categories
  double missing_floor = 0.01;     // of the share of missing values
  std::uint64_t least_rows = 100;  // on either side; below, nothing is said
  // False: one side may lack features, such as outputs that are in no table, or inputs that are hidden; nothing is said
  // of them then.
  bool same_features = true;
  // How much features matter, in any unit; 1 for those that are not named. What weighs twice as much is tested at twice
  // the level, in exchange for the others; of what weighs nothing nothing is said but its distance.
  std::map<std::string, double, std::less<>> importance;
};

enum class DriftVerdict {
  kStable,
  kDrifted,
  kNoData,   // too few rows, texts of which most are too rare to compare, or one side does not have it and need not
  kMissing,  // the feature is there on one side only, or of another kind
};
std::string_view drift_verdict_name(DriftVerdict verdict);

struct FeatureDrift {
  std::string feature;
  FeatureKind kind{};
  DriftVerdict verdict{};
  std::uint64_t reference_rows = 0, current_rows = 0;
  double reference_missing = 0, current_missing = 0;  // shares
  double distance = 0;
  double p = 1;          // adjusted
  double missing_p = 1;  // adjusted
  bool compared = true;  // false: but for missing values, nothing was
  // What all values seem to have been multiplied by, when their quantiles and their spread agree on it.
  std::optional<double> scale;
  // For people: "median 41 → 77", "share of 'de' 0.61 → 0.34", "missing 0 % → 12 %".
  std::string change;
};

// Features in the order of their distance, the drifted ones first.
std::vector<FeatureDrift> compare(const Profiles& reference, const Profiles& current, const DriftRule& rule = {});

}  // namespace modelyard::monitoring
