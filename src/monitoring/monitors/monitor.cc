#include "monitoring/monitors/monitor.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "base/duration.h"
#include "base/names.h"
#include "base/nearest_name.h"
#include "monitoring/profile/profile_store.h"

namespace modelyard::monitoring {
namespace {

constexpr std::array<std::string_view, 12> kKinds{
    "drift",     "quality",   "volume",      "latency",     "errors",      "accuracy", "estimated_accuracy",
    "label_lag", "staleness", "class_share", "calibration", "multivariate"};
constexpr std::size_t kMostMonitors = 100, kMostFeatures = 1000;
constexpr double kMostWeight = 1e6;

Error wrong(const ObjectReader& fields, std::string_view key, std::string_view why) {
  return error(Code::kInvalidArgument, "{}: {}", fields.path_of(key), why);
}

Status read_duration(ObjectReader& fields, std::string_view key, std::chrono::seconds& duration) {
  MODELYARD_ASSIGN(const auto text, fields.optional_string(key));
  if (!text) return ok();
  const auto parsed = parse_duration(*text);
  if (!parsed) return parsed.error().with_context("{}", fields.path_of(key));
  duration = *parsed;
  return ok();
}

Status read_number(ObjectReader& fields, std::string_view key, double least, double most, double& number) {
  MODELYARD_ASSIGN(const auto given, fields.optional_number(key));
  if (!given) return ok();
  if (!(*given >= least && *given <= most)) {
    return wrong(fields, key, fmt::format("{} is not from {} to {}", *given, least, most));
  }
  number = *given;
  return ok();
}

Status read_count(ObjectReader& fields, std::string_view key, std::uint64_t& count) {
  MODELYARD_ASSIGN(const auto given, fields.optional_integer(key));
  if (!given) return ok();
  if (*given < 1) return wrong(fields, key, "must be at least 1");
  count = static_cast<std::uint64_t>(*given);
  return ok();
}

Status read_small(ObjectReader& fields, std::string_view key, int& number) {
  MODELYARD_ASSIGN(const auto given, fields.optional_integer(key));
  if (!given) return ok();
  if (*given < 1 || *given > AlertRule::kMostWindows) {
    return wrong(fields, key, fmt::format("must be from 1 to {}", AlertRule::kMostWindows));
  }
  number = static_cast<int>(*given);
  return ok();
}

Status read_limit(ObjectReader& fields, std::string_view key, std::optional<double>& limit) {
  MODELYARD_ASSIGN(const auto given, fields.optional_number(key));
  if (given) limit = *given;
  return ok();
}

Status read_reference(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_ASSIGN(const auto given, fields.optional_string("reference"));
  const std::string text = given.value_or("attached");
  if (text == "attached") return ok();
  if (text == "previous") {
    monitor.reference = monitor.window;
    return ok();
  }
  const auto shift = parse_duration(text);
  if (!shift) return wrong(fields, "reference", "expected attached, previous, or how long ago, like 1d or 7d");
  if (*shift < monitor.window) return wrong(fields, "reference", "it would overlap the window it is compared with");
  monitor.reference = *shift;
  return ok();
}

// Older profiles are kept by hours, then by days: of other spans they cannot tell.
Status check_reach(const ObjectReader& fields, const Monitor& monitor) {
  using namespace std::chrono_literals;
  if (monitor.kind == MonitorKind::kMultivariate) return ok();  // rows are not put together
  const std::chrono::seconds shift = monitor.reference.value_or(0s), reach = shift + monitor.window;
  for (const auto& [since, width] :
       {std::pair<std::chrono::seconds, std::chrono::seconds>(ProfileStore::kFine, 1h),
        std::pair<std::chrono::seconds, std::chrono::seconds>(ProfileStore::kHours, 24h)}) {
    if (reach <= since || (monitor.window % width == 0s && shift % width == 0s)) continue;
    return wrong(fields, monitor.reference ? "reference" : "window",
                 fmt::format("what is older than {} is known by {}: window and reference must be multiples of that",
                             format_duration(since), format_duration(width)));
  }
  return ok();
}

Status read_features(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_ASSIGN(const Json* const list, fields.optional_array("features"));
  if (!list) return ok();
  if (list->empty() || list->size() > kMostFeatures) {
    return wrong(fields, "features", fmt::format("expected 1 to {} names", kMostFeatures));
  }
  for (const Json& name : *list) {
    if (!name.is_string()) return wrong(fields, "features", "expected names");
    const auto& text = name.get_ref<const std::string&>();
    if (const auto star = text.find('*'); star != std::string::npos && star + 1 != text.size()) {
      return wrong(fields, "features", fmt::format("'{}': a * stands at the end", text));
    }
    monitor.features.push_back(text);
  }
  return ok();
}

Status read_importance(ObjectReader& fields, DriftRule& rule) {
  MODELYARD_ASSIGN(const Json* const weights, fields.optional_object("importance"));
  if (!weights) return ok();
  for (const auto& [feature, weight] : weights->items()) {
    if (!weight.is_number() || !(weight.get<double>() >= 0 && weight.get<double>() <= kMostWeight)) {
      return wrong(fields, "importance", fmt::format("'{}': expected a number from 0 to {}", feature, kMostWeight));
    }
    rule.importance.emplace(feature, weight.get<double>());
  }
  return ok();
}

Status read_drift(ObjectReader& fields, Monitor& monitor) {
  DriftRule& rule = monitor.drift;
  MODELYARD_TRY(read_features(fields, monitor));
  MODELYARD_TRY(read_reference(fields, monitor));
  MODELYARD_TRY(read_importance(fields, rule));
  MODELYARD_TRY(read_count(fields, "least_rows", rule.least_rows));
  MODELYARD_TRY(read_number(fields, "alpha", 1e-12, 0.5, rule.alpha));
  MODELYARD_TRY(read_number(fields, "distance_floor", 0, 1e6, rule.distance_floor));
  return read_number(fields, "missing_floor", 0, 1, rule.missing_floor);
}

Status read_quality(ObjectReader& fields, Monitor& monitor) {
  QualityRule& rule = monitor.quality;
  MODELYARD_TRY(read_features(fields, monitor));
  MODELYARD_TRY(read_reference(fields, monitor));
  MODELYARD_TRY(read_count(fields, "least_rows", rule.least_rows));
  MODELYARD_TRY(read_number(fields, "missing_floor", 0, 1, rule.missing_floor));
  MODELYARD_TRY(read_number(fields, "range_floor", 0, 1, rule.range_floor));
  return read_number(fields, "category_floor", 0, 1, rule.category_floor);
}

Status read_volume(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_TRY(read_limit(fields, "at_least", monitor.at_least));
  MODELYARD_TRY(read_limit(fields, "at_most", monitor.at_most));
  if (monitor.at_least || monitor.at_most) return ok();
  return wrong(fields, "at_least", "how many requests of a window are too few, or at_most, too many?");
}

Status read_latency(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_TRY(read_limit(fields, "at_most_ms", monitor.at_most));
  if (monitor.at_most && *monitor.at_most <= 0) return wrong(fields, "at_most_ms", "must be positive");
  MODELYARD_TRY(read_number(fields, "share", 0, 1, monitor.share));
  return read_count(fields, "least_requests", monitor.least_requests);
}

Status read_errors(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_TRY(read_limit(fields, "at_most", monitor.at_most));
  if (monitor.at_most && !(*monitor.at_most >= 0 && *monitor.at_most <= 1)) {
    return wrong(fields, "at_most", "is a share, from 0 to 1");
  }
  MODELYARD_TRY(read_number(fields, "burn", 0.01, 1000, monitor.burn));
  return read_count(fields, "least_requests", monitor.least_requests);
}

Status read_accuracy(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_ASSIGN(const auto metric, fields.optional_string("metric"));
  monitor.metric = metric.value_or("accuracy");
  MODELYARD_TRY(read_duration(fields, "delay", monitor.delay));
  MODELYARD_TRY(read_limit(fields, "at_least", monitor.at_least));
  return read_limit(fields, "at_most", monitor.at_most);
}

Status read_estimated_accuracy(ObjectReader& fields, Monitor& monitor) {
  constexpr std::array<std::string_view, 4> kMetrics{"accuracy", "precision", "recall", "f1"};
  MODELYARD_ASSIGN(const auto metric, fields.optional_string("metric"));
  monitor.metric = metric.value_or("accuracy");
  if (std::ranges::find(kMetrics, monitor.metric) == kMetrics.end()) {
    return wrong(fields, "metric", fmt::format("'{}' is none of {}", monitor.metric, fmt::join(kMetrics, ", ")));
  }
  MODELYARD_TRY(read_limit(fields, "at_least", monitor.at_least));
  MODELYARD_TRY(read_number(fields, "most_drop", 0, 1, monitor.most_drop));
  MODELYARD_TRY(read_count(fields, "least_rows", monitor.drift.least_rows));
  return read_reference(fields, monitor);
}

Status read_age(ObjectReader& fields, Monitor& monitor, std::chrono::seconds otherwise) {
  std::chrono::seconds most = otherwise;
  MODELYARD_TRY(read_duration(fields, "at_most", most));
  monitor.at_most = static_cast<double>(most.count());
  return ok();
}

Status read_class_share(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_TRY(read_reference(fields, monitor));
  MODELYARD_TRY(read_count(fields, "least_rows", monitor.drift.least_rows));
  MODELYARD_TRY(read_number(fields, "alpha", 1e-12, 0.5, monitor.drift.alpha));
  return read_number(fields, "share_floor", 0, 1, monitor.share_floor);
}

Status read_calibration(ObjectReader& fields, Monitor& monitor) {
  monitor.metric = "calibration_error";  // what findings are of
  double most = 0.05;
  MODELYARD_TRY(read_number(fields, "at_most", 0, 1, most));
  monitor.at_most = most;
  monitor.drift.least_rows = 200;
  MODELYARD_TRY(read_count(fields, "least_rows", monitor.drift.least_rows));
  return read_duration(fields, "delay", monitor.delay);
}

Status read_multivariate(ObjectReader& fields, Monitor& monitor) {
  MODELYARD_TRY(read_features(fields, monitor));
  MODELYARD_TRY(read_reference(fields, monitor));
  if (!monitor.reference) {
    return wrong(fields, "reference",
                 "rows are compared, and what was published with a version has none: say previous, 1d or 7d");
  }
  monitor.drift.least_rows = Monitor::kLeastComparedRows;
  MODELYARD_TRY(read_count(fields, "least_rows", monitor.drift.least_rows));
  MODELYARD_TRY(read_count(fields, "most_rows", monitor.most_rows));
  if (monitor.drift.least_rows < Monitor::kFewestRows) {
    return wrong(fields, "least_rows", fmt::format("must be at least {}", Monitor::kFewestRows));
  }
  if (monitor.most_rows < monitor.drift.least_rows || monitor.most_rows > Monitor::kMostComparedRows) {
    return wrong(fields, "most_rows", fmt::format("must be from least_rows to {}", Monitor::kMostComparedRows));
  }
  return read_number(fields, "auc_floor", 0, 0.5, monitor.auc_floor);
}

Status read_kind(ObjectReader& fields, Monitor& monitor) {
  switch (monitor.kind) {
    case MonitorKind::kDrift: return read_drift(fields, monitor);
    case MonitorKind::kQuality: return read_quality(fields, monitor);
    case MonitorKind::kVolume: return read_volume(fields, monitor);
    case MonitorKind::kLatency: return read_latency(fields, monitor);
    case MonitorKind::kErrors: return read_errors(fields, monitor);
    case MonitorKind::kAccuracy: return read_accuracy(fields, monitor);
    case MonitorKind::kEstimatedAccuracy: return read_estimated_accuracy(fields, monitor);
    case MonitorKind::kLabelLag: return read_age(fields, monitor, std::chrono::days(7));
    case MonitorKind::kStaleness: return read_age(fields, monitor, std::chrono::days(90));
    case MonitorKind::kMultivariate: return read_multivariate(fields, monitor);
    case MonitorKind::kCalibration: return read_calibration(fields, monitor);
    case MonitorKind::kClassShare: return read_class_share(fields, monitor);
  }
  return ok();
}

// What is broken for callers wakes somebody; what has changed is looked at in working hours.
Severity usual_severity(MonitorKind kind) {
  switch (kind) {
    case MonitorKind::kLatency:
    case MonitorKind::kErrors:
    case MonitorKind::kAccuracy: return Severity::kPage;
    default: return Severity::kTicket;
  }
}

Status read_severity(ObjectReader& alert, std::string_view key, Severity& severity) {
  MODELYARD_ASSIGN(const auto text, alert.optional_string(key));
  if (!text) return ok();
  const auto parsed = parse_severity(*text);
  if (!parsed) return parsed.error().with_context("{}", alert.path_of(key));
  severity = *parsed;
  return ok();
}

Status read_alert(ObjectReader& fields, Monitor& monitor) {
  AlertRule& rule = monitor.alert;
  MODELYARD_ASSIGN(const Json* const value, fields.optional_object("alert"));
  if (!value) return ok();
  MODELYARD_ASSIGN(auto alert, ObjectReader::open(*value, fields.path_of("alert")));
  MODELYARD_TRY(read_small(alert, "windows", rule.windows));
  rule.least_failed = std::min(rule.least_failed, rule.windows);
  MODELYARD_TRY(read_small(alert, "failed", rule.least_failed));
  MODELYARD_TRY(read_small(alert, "clear", rule.clear_windows));
  MODELYARD_TRY(read_duration(alert, "for", rule.hold));
  MODELYARD_TRY(read_severity(alert, "severity", rule.severity));
  if (tells_change(monitor.kind)) MODELYARD_TRY(read_severity(alert, "with_loss", rule.with_loss));
  MODELYARD_TRY(alert.finish());
  const Status valid = rule.validate();
  return valid ? ok() : Status(valid.error().with_context("{}", fields.path_of("alert")));
}

Result<Monitor> parse_monitor(const std::string& name, const Json& value) {
  MODELYARD_TRY(check_model_name(name));
  // Alerts go by ENDPOINT.MONITOR, and an endpoint's name may have dots.
  if (name.find('.') != std::string::npos) {
    return error(Code::kInvalidArgument, "monitors.{}: the name of a monitor has no dot", name);
  }
  Monitor monitor;
  monitor.name = name;
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "monitors." + name));
  MODELYARD_ASSIGN(const std::string kind, fields.string("kind"));
  const auto known = parse_monitor_kind(kind);
  if (!known) {
    const auto nearest = nearest_name(kind, std::vector<std::string>(kKinds.begin(), kKinds.end()));
    return wrong(fields, "kind",
                 fmt::format("'{}' is none of {}{}", kind, fmt::join(kKinds, ", "),
                             nearest ? fmt::format("; did you mean '{}'?", *nearest) : ""));
  }
  monitor.kind = *known;
  monitor.alert.severity = usual_severity(monitor.kind);
  if (tells_change(monitor.kind)) monitor.alert.with_loss = Severity::kPage;
  MODELYARD_TRY(read_duration(fields, "window", monitor.window));
  if (monitor.window < Monitor::kLeastWindow || monitor.window > Monitor::kMostWindow) {
    return wrong(fields, "window", "must be from 1s to 31d");
  }
  MODELYARD_TRY(read_kind(fields, monitor));
  MODELYARD_TRY(check_reach(fields, monitor));
  MODELYARD_TRY(read_alert(fields, monitor));
  MODELYARD_TRY(fields.finish());
  return monitor;
}

}  // namespace

std::string_view monitor_kind_name(MonitorKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<MonitorKind> parse_monitor_kind(std::string_view name) {
  const auto known = std::ranges::find(kKinds, name);
  return known == kKinds.end() ? std::nullopt : std::optional(static_cast<MonitorKind>(known - kKinds.begin()));
}

bool tells_loss(MonitorKind kind) {
  return kind == MonitorKind::kAccuracy || kind == MonitorKind::kEstimatedAccuracy || kind == MonitorKind::kCalibration;
}

bool tells_change(MonitorKind kind) {
  return kind == MonitorKind::kDrift || kind == MonitorKind::kQuality || kind == MonitorKind::kClassShare ||
         kind == MonitorKind::kMultivariate;
}

bool Monitor::watches(std::string_view feature) const {
  return features.empty() || std::ranges::any_of(features, [&](std::string_view pattern) {
           return pattern.ends_with('*') ? feature.starts_with(pattern.substr(0, pattern.size() - 1))
                                         : feature == pattern;
         });
}

Result<std::vector<Monitor>> parse_monitors(const Json& document) {
  std::vector<Monitor> monitors;
  if (!document.is_object()) return error(Code::kInvalidArgument, "monitors: expected an object");
  if (document.size() > kMostMonitors) {
    return error(Code::kInvalidArgument, "monitors: {} of them, at most {}", document.size(), kMostMonitors);
  }
  for (const auto& [name, value] : document.items()) {
    MODELYARD_ASSIGN(Monitor monitor, parse_monitor(name, value));
    monitors.push_back(std::move(monitor));
  }
  return monitors;
}

}  // namespace modelyard::monitoring
