// The judge of Kayenta (Spinnaker's canary analysis), for those who come from it: each metric is a series of values,
// one of each interval of time, of a control and of the candidate; it is classified by a Mann–Whitney test, and the
// share of metrics that pass is a score from 0 to 100.
//
// It looks once: with more looks it errs more often than it says, and it sees neither that a metric varies more nor
// what came and went. Gates (gates/gate.h) are the better rule where there is a choice.
//
// Values:  NaN is missing. At least 50 of a metric are advised.
// Departs: two constant sides are given ranks by even steps of a normal distribution of 1e-5 of the value, where
//          Kayenta draws at random, so that the same series have the same score.
// Errors:  InvalidArgument for infinities, weights below 0 or that sum to above 100, groups that no metric has.
// Threads: pure.
// Source:  kayenta-judge/src/main/scala/com/netflix/kayenta/judge (Apache 2.0); Hodges & Lehmann, Ann.
//          Math. Stat. 1963 (statistics/hypotheses/means.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {

enum class KayentaDirection { kEither, kIncrease, kDecrease };  // which is worse
enum class KayentaEffect { kMeanRatio, kCles };                 // CLES: P(candidate above control)
enum class MissingValues { kRemove, kReplaceByZero };           // zero: counts of errors
enum class KayentaClass { kPass, kHigh, kLow, kNoData, kNoDataFail };
std::string_view kayenta_class_name(KayentaClass value);  // "Pass", "High", "Low", "Nodata", "NodataFailMetric"

struct KayentaMetric {
  std::string name;
  std::string group;
  KayentaDirection direction = KayentaDirection::kEither;
  MissingValues missing = MissingValues::kRemove;
  std::optional<double> outlier_factor;  // of the interquartile range beyond which values are left out; 3 is usual
  KayentaEffect effect = KayentaEffect::kMeanRatio;
  // How large an effect has to be to count; without them any that is sure.
  std::optional<double> allowed_increase, allowed_decrease;
  bool is_critical = false;  // failing, beyond these if they are given, scores the whole 0
  std::optional<double> critical_increase, critical_decrease;
  bool must_have_data = false;
  bool is_muted = false;
};

struct KayentaSeries {
  std::vector<double> control, candidate;
};

struct KayentaComparison {
  KayentaClass classification{};
  double shift = 0;  // Hodges–Lehmann estimate, candidate − control
  statistics::Interval interval;
  double effect = 0;  // NaN: no ratio, when a mean is 0
  bool is_critical_failure = false;
  std::string because;
};

Result<KayentaComparison> compare_series(const KayentaMetric& metric, const KayentaSeries& series);

struct KayentaScoring {
  double pass = 95, marginal = 75;        // scores
  std::map<std::string, double> weights;  // of groups, in percent; the others share what is left
};

enum class KayentaResult { kPass, kMarginal, kFail };

struct KayentaScore {
  double score = 0;  // 2 decimals
  KayentaResult result{};
  std::map<std::string, double> groups;
  std::vector<KayentaComparison> comparisons;  // as the metrics stand
  std::string because;
};

// Pre: as many series as metrics.
Result<KayentaScore> kayenta_score(std::span<const KayentaMetric> metrics, std::span<const KayentaSeries> series,
                                   const KayentaScoring& scoring);

}  // namespace modelyard::rollout
