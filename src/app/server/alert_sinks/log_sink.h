// LogSink writes alerts into the server's log, always. Not their sentences: they may name values of features.
#pragma once

#include "app/server/alert_sinks/alert_sink.h"
#include "telemetry/log.h"

namespace modelyard::app {

class LogSink final : public AlertSink {
 public:
  explicit LogSink(telemetry::Log& log) : log_(log) {}

  Delivery send(const control::Notification& notification, UtcTime now) override;

 private:
  telemetry::Log& log_;
};

}  // namespace modelyard::app
