#include "control/watching/monitoring_documents.h"

#include <array>
#include <cmath>

#include "base/duration.h"
#include "control/watching/alert_document.h"
#include "control/watching/monitor_check.h"

namespace modelyard::control {
namespace {

constexpr std::size_t kMostCategories = 20;
constexpr std::array kShares{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99};
constexpr int kBins = 20;

Json or_null(double number) {
  return std::isfinite(number) ? Json(number) : Json(nullptr);
}

// Counts of equal bins between the extremes, for a picture.
Json histogram_of(const statistics::Quantiles& quantiles) {
  const double low = quantiles.smallest(), width = (quantiles.largest() - low) / kBins;
  if (!(width > 0) || !std::isfinite(width)) return nullptr;
  Json shares = Json::array();
  double below = 0;
  for (int bin = 1; bin <= kBins; ++bin) {
    const double upto = bin == kBins ? 1 : quantiles.rank(low + bin * width);
    shares.push_back(upto - below);
    below = upto;
  }
  return {{"from", low}, {"to", quantiles.largest()}, {"shares", std::move(shares)}};
}

Json summary_of(const monitoring::FeatureProfile& profile) {
  Json value = {{"kind", feature_kind_name(profile.kind())}, {"rows", profile.rows()}, {"missing", profile.missing()}};
  if (profile.kind() == monitoring::FeatureKind::kNumber) {
    const auto& quantiles = profile.quantiles();
    value["mean"] = or_null(profile.moments().mean());
    value["deviation"] = or_null(std::sqrt(profile.moments().variance()));
    value["smallest"] = or_null(quantiles.smallest());
    value["largest"] = or_null(quantiles.largest());
    Json at = Json::object();
    for (const double share : kShares) at[fmt::format("{}", share)] = or_null(quantiles.quantile(share));
    value["quantiles"] = std::move(at);
    value["histogram"] = quantiles.count() == 0 ? Json(nullptr) : histogram_of(quantiles);
    return value;
  }
  Json categories = Json::array();
  for (const auto& entry : profile.categories().entries()) {
    if (categories.size() == kMostCategories) break;
    categories.push_back({{"text", entry.text}, {"count", entry.count}});
  }
  value["categories"] = std::move(categories);
  return value;
}

Json latency_ms(const monitoring::Traffic& traffic, double share) {
  const auto latency = traffic.latency(share);
  return latency ? Json(static_cast<double>(latency->count()) / 1e6) : Json(nullptr);
}

}  // namespace

Json to_json(const monitoring::Finding& finding) {
  return {{"subject", finding.subject},   {"outcome", monitoring::outcome_name(finding.outcome)},
          {"value", finding.value},       {"threshold", finding.threshold},
          {"sentence", finding.sentence}, {"numbers", finding.numbers}};
}

Json to_json(const WatchedMonitor& watched) {
  const monitoring::Monitor& monitor = watched.monitor;
  const monitoring::AlertRule& rule = monitor.alert;
  Json findings = Json::array();
  for (const monitoring::Finding& finding : watched.findings) findings.push_back(to_json(finding));
  Json alert = {{"windows", rule.windows},
                {"failed", rule.least_failed},
                {"clear", rule.clear_windows},
                {"for", format_duration(rule.hold)},
                {"severity", monitoring::severity_name(rule.severity)}};
  if (tells_change(monitor.kind)) alert["with_loss"] = monitoring::severity_name(rule.with_loss);
  return {{"endpoint", watched.endpoint},
          {"monitor", monitor.name},
          {"name", qualified_name(watched.endpoint, monitor.name)},
          {"kind", monitor_kind_name(monitor.kind)},
          {"window", format_duration(monitor.window)},
          {"alert", std::move(alert)},
          {"judged", watched.judged ? Json(format_utc(*watched.judged)) : Json(nullptr)},
          {"findings", std::move(findings)}};
}

Json to_json(const Notification& notification) {
  return {{"id", notification.id},
          {"event", monitoring::alert_event_name(notification.event)},
          {"time", format_utc(notification.time)},
          {"told", notification.told},
          {"alert", to_json(notification.alert)}};
}

Json to_json(const DeliveryRecord& delivery) {
  return {{"sink", delivery.sink},
          {"alert", delivery.alert},
          {"event", monitoring::alert_event_name(delivery.event)},
          {"time", format_utc(delivery.time)},
          {"tries", delivery.tries},
          {"result", delivery_result_name(delivery.result)},
          {"words", delivery.words}};
}

Json summary_of(const monitoring::WindowProfile& profile) {
  Json features = Json::object();
  for (const auto& [name, values] : profile.features) features[name] = summary_of(values);
  const monitoring::Traffic& traffic = profile.traffic;
  return {{"from", format_utc(profile.from)},
          {"to", format_utc(profile.to)},
          {"requests", traffic.requests()},
          {"answered", traffic.answered()},
          {"refused", traffic.refused()},
          {"failed", traffic.failed()},
          {"latency_ms",
           {{"p50", latency_ms(traffic, 0.5)}, {"p95", latency_ms(traffic, 0.95)}, {"p99", latency_ms(traffic, 0.99)}}},
          {"rows", profile.rows},
          {"profiled_rows", profile.profiled},
          {"least_share", profile.least_share},
          {"features", std::move(features)}};
}

}  // namespace modelyard::control
