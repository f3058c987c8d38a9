#include "app/server/alert_sinks/alertmanager_sink.h"

#include "app/server/alert_sinks/alert_words.h"

namespace modelyard::app {
namespace {

using monitoring::AlertEvent;
using monitoring::Severity;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

AlertmanagerSink::AlertmanagerSink(std::string url, AlertOrigin origin, Transport& transport)
    : url_(without_slash(std::move(url)) + "/api/v2/alerts"), origin_(std::move(origin)), transport_(transport) {}

Delivery AlertmanagerSink::send(const control::Notification& notification, UtcTime now) {
  const monitoring::Alert& alert = notification.alert;
  if (notification.event == AlertEvent::kResolved) {
    return post(Json::array({document_of(alert, alert.severity, notification.time)}));
  }
  Json alerts = Json::array({document_of(alert, alert.severity, now + kEndsAfter)});
  if (notification.event == AlertEvent::kEscalated) {
    alerts.push_back(document_of(alert, Severity::kTicket, notification.time));
  }
  return post(alerts);
}

std::optional<Delivery> AlertmanagerSink::refresh(std::span<const monitoring::Alert> firing, UtcTime now) {
  Json alerts = Json::array();
  for (const monitoring::Alert& alert : firing) {
    alerts.push_back(document_of(alert, alert.notified.value_or(alert.severity), now + kEndsAfter));
  }
  return post(alerts);
}

Json AlertmanagerSink::document_of(const monitoring::Alert& alert, Severity severity, UtcTime ends) const {
  // Alertmanager takes an empty label for none.
  Json document{{"labels",
                 {{"alertname", alert.monitor},
                  {"endpoint", alert.endpoint},
                  {"subject", alert.subject},
                  {"severity", monitoring::severity_name(severity)},
                  {"instance", origin_.instance}}},
                {"annotations",
                 {{"summary", alert.sentence},
                  {"value", fmt::format("{:.6g}", alert.value)},
                  {"threshold", fmt::format("{:.6g}", alert.threshold)},
                  {"runbook_url", runbook_url(alert, origin_)}}},
                {"startsAt", format_utc(alert.fired.value_or(alert.since))},
                {"endsAt", format_utc(ends)}};
  if (!origin_.address.empty()) document["generatorURL"] = origin_.address;
  return document;
}

Delivery AlertmanagerSink::post(const Json& alerts) {
  return transport_.post({.url = url_, .headers = {}, .body = document_text(alerts)});
}

}  // namespace modelyard::app
