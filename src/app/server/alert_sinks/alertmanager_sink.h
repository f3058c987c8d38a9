// AlertmanagerSink tells Prometheus Alertmanager, as Prometheus does: what fires is said again by refresh(), and ends
// by itself kEndsAfter after that stops.
//
// Labels: alertname (the monitor), endpoint, subject, severity, instance. They are an alert's identity there, so that a
//         ticket that becomes a page ends as a ticket.
// Source: Alertmanager's API v2, POST /api/v2/alerts.
#pragma once

#include "app/server/alert_sinks/alert_sink.h"
#include "base/json.h"

namespace modelyard::app {

class AlertmanagerSink final : public AlertSink {
 public:
  // Four times the wait of the Notifier between two refreshes, as Prometheus has it.
  static constexpr std::chrono::minutes kEndsAfter{4};

  AlertmanagerSink(std::string url, AlertOrigin origin, Transport& transport);

  Delivery send(const control::Notification& notification, UtcTime now) override;
  std::optional<Delivery> refresh(std::span<const monitoring::Alert> firing, UtcTime now) override;

 private:
  Json document_of(const monitoring::Alert& alert, monitoring::Severity severity, UtcTime ends) const;
  Delivery post(const Json& alerts);

  const std::string url_;
  const AlertOrigin origin_;
  Transport& transport_;
};

}  // namespace modelyard::app
