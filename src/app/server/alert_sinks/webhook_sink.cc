#include "app/server/alert_sinks/webhook_sink.h"

#include "app/server/alert_sinks/alert_words.h"
#include "app/server/outbound/outbound.h"
#include "control/watching/alert_document.h"

namespace modelyard::app {

Delivery WebhookSink::send(const control::Notification& notification, UtcTime now) {
  const std::string key = idempotency_key(notification);
  const std::string body = document_text({{"id", key},
                                          {"event", monitoring::alert_event_name(notification.event)},
                                          {"time", format_utc(notification.time)},
                                          {"instance", origin_.instance},
                                          {"address", origin_.address},
                                          {"runbook_url", runbook_url(notification.alert, origin_)},
                                          {"alert", control::to_json(notification.alert)}});
  return transport_.post(
      {.url = url_, .headers = {signature_line(secret_, body, now), "Idempotency-Key: " + key}, .body = body});
}

}  // namespace modelyard::app
