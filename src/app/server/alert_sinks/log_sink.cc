#include "app/server/alert_sinks/log_sink.h"

namespace modelyard::app {

Delivery LogSink::send(const control::Notification& notification, UtcTime) {
  const monitoring::Alert& alert = notification.alert;
  const bool is_over = notification.event == monitoring::AlertEvent::kResolved;
  log_.write(is_over ? telemetry::Level::kInfo : telemetry::Level::kWarning, "alert",
             {{"event", monitoring::alert_event_name(notification.event)},
              {"alert", alert.id},
              {"endpoint", alert.endpoint},
              {"severity", monitoring::severity_name(alert.severity)},
              {"value", alert.value},
              {"threshold", alert.threshold},
              {"runbook", monitoring::runbook_of(alert)}});
  return {control::DeliveryResult::kTaken, "written"};
}

}  // namespace modelyard::app
