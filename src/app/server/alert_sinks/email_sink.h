// EmailSink sends one mail for each event, as plain text.
//
// Source: RFC 5322, RFC 2047 for subjects that are not ASCII. Nothing of an alert comes into a header but through the
//         encoding of the subject, so that no header can be put in.
#pragma once

#include "app/server/alert_sinks/alert_sink.h"
#include "app/server/alert_sinks/sink_settings.h"

namespace modelyard::app {

class EmailSink final : public AlertSink {
 public:
  EmailSink(SinkSettings settings, std::string password, AlertOrigin origin, Transport& transport)
      : settings_(std::move(settings)),
        password_(std::move(password)),
        origin_(std::move(origin)),
        transport_(transport) {}

  Delivery send(const control::Notification& notification, UtcTime now) override;

 private:
  std::string text_of(const control::Notification& notification, UtcTime now) const;

  const SinkSettings settings_;
  const std::string password_;
  const AlertOrigin origin_;
  Transport& transport_;
};

}  // namespace modelyard::app
