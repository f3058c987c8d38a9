// WebhookSink posts each event as JSON, signed, so that the receiver can tell that it comes from this server and when:
//
//   Modelyard-Signature: t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">
//   Idempotency-Key:     the same for every try of an event
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
