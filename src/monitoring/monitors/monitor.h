// Monitor says what of an endpoint is watched, over which window, by what rule, and how loud it is when that fails.
//
// Form: {NAME: {"kind", "window"?: "1h", "features"?: ["age", "score*"], "reference"?, the fields of its kind,
//               "alert"?: {"windows": 3, "failed": 2, "clear": 2, "for": "10m", "severity": "ticket" | "page",
//                      "with_loss"?: "ticket" | "page"}}}
//
//   kind                fields of its own, with their defaults
//   drift               reference "attached", least_rows 100, alpha 0.01, distance_floor 0.1, missing_floor 0.01,
//                       importance {feature: weight}, 1 each
//   quality             reference "attached", least_rows 100, missing_floor 0.01, range_floor 0.01, category_floor 0.01
//   volume              at_least and at_most: requests of a window
//   latency             at_most_ms (the objective latency_p99_ms), share 0.99, least_requests 100
//   errors              at_most (the objective error_rate), burn 1, least_requests 100
//   accuracy            metric, at_least or at_most (at_least: the objective accuracy_floor); delay "0s": the window
//                       that is judged ended so long ago, for labels that come late
//   estimated_accuracy  metric accuracy, at_least, or most_drop 0.02 below the reference's estimate
//   label_lag           at_most "7d": how far behind the newest labelled prediction is
//   staleness           at_most "90d": how old the version is that answers
//   class_share         reference "attached", least_rows 100, alpha 0.01, share_floor 0.05
//   calibration         at_most 0.05: the expected calibration error; least_rows 200, delay "0s" as for accuracy
//   multivariate        reference (needed, and not "attached"), least_rows 200, most_rows 2000 of each side,
//                       auc_floor 0.05: above a half
//
// with_loss: of drift, quality, class_share and multivariate, "page" without it: what it is at least while accuracy,
//            estimated_accuracy or calibration of the endpoint fires.
// reference: "attached" is the profile that was published with the version, "previous" the window before, "1d" and "7d"
//            the same window a day or a week ago (any span does).
// Errors:    InvalidArgument naming the field; a field that its kind does not know is one.
// Threads:   pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "monitoring/alerts/alert.h"
#include "monitoring/drift/comparison.h"

namespace modelyard::monitoring {

enum class MonitorKind {
  kDrift,
  kQuality,
  kVolume,
  kLatency,
  kErrors,
  kAccuracy,
  kEstimatedAccuracy,
  kLabelLag,
  kStaleness,
  kClassShare,
  kCalibration,
  kMultivariate,
};
std::string_view monitor_kind_name(MonitorKind kind);
std::optional<MonitorKind> parse_monitor_kind(std::string_view name);
// Whether a failure of such a monitor says that answers have become worse, or that data have changed.
bool tells_loss(MonitorKind kind);
bool tells_change(MonitorKind kind);

// What live data is compared with: nothing is the profile that was published with the version.
using ReferenceShift = std::optional<std::chrono::seconds>;

struct QualityRule {
  double missing_floor = 0.01;   // more of missing values than in the reference
  double range_floor = 0.01;     // share outside of what the reference had
  double category_floor = 0.01;  // share of texts that the reference did not have
  std::uint64_t least_rows = 100;
};

struct Monitor {
  static constexpr std::chrono::seconds kLeastWindow{1};
  // Of rows that are compared one by one: in all, unless it is said otherwise, at most.
  static constexpr std::uint64_t kFewestRows = 50, kLeastComparedRows = 200, kMostComparedRows = 10'000;
  static constexpr std::chrono::seconds kMostWindow = std::chrono::days(31);

  std::string name;
  MonitorKind kind{};
  std::chrono::seconds window{3600};
  std::vector<std::string> features;  // names, or beginnings of them with * at their end; empty: all
  ReferenceShift reference;
  // Stricter than a report that is asked for once: a week has 168 hours, and two of three that fail by chance, at 0.05
  // for all features together, are an alarm every few weeks.
  DriftRule drift{.alpha = 0.01};
  QualityRule quality;
  std::optional<double> at_least, at_most;  // in the unit of the signal; label_lag and staleness: seconds
  double most_drop = 0.02;
  double auc_floor = 0.05;  // how much better than a coin rows have to be told apart
  std::uint64_t most_rows = 2000;
  double share_floor = 0.05;  // of a class: by how much its share has to move
  double burn = 1;
  double share = 0.99;  // of the latency quantile
  std::uint64_t least_requests = 100;
  std::string metric;
  std::chrono::seconds delay{0};
  AlertRule alert;

  bool watches(std::string_view feature) const;
};

Result<std::vector<Monitor>> parse_monitors(const Json& document);

}  // namespace modelyard::monitoring
