// WebhookSink posts each event as JSON, signed (outbound.h), with an Idempotency-Key that is the same for every try.
#pragma once

#include "app/server/alert_sinks/alert_sink.h"

namespace modelyard::app {

class WebhookSink final : public AlertSink {
 public:
  WebhookSink(std::string url, std::string secret, AlertOrigin origin, Transport& transport)
      : url_(std::move(url)), secret_(std::move(secret)), origin_(std::move(origin)), transport_(transport) {}

  Delivery send(const control::Notification& notification, UtcTime now) override;

 private:
  const std::string url_, secret_;
  const AlertOrigin origin_;
  Transport& transport_;
};

}  // namespace modelyard::app
