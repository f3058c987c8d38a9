// AlertSink is a place where people or their tools are told of alerts.
//
// Threads: the Notifier's one; may block as long as its Transport does.
#pragma once

#include <optional>
#include <span>

#include "app/server/alert_sinks/transport.h"
#include "control/watching/alert_outbox.h"

namespace modelyard::app {

// The server that alerts come from.
struct AlertOrigin {
  std::string instance;       // its name, for those who have several
  std::string address;        // URL that people reach it by; "": it is not said
  std::string runbooks_base;  // URL that "docs/runbooks/drift.md" is put behind; "": the path as it is
};

class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual Delivery send(const control::Notification& notification, UtcTime now) = 0;
  // Once in a while, for receivers that forget what is not said again: all alerts that it was told of and that fire.
  // Nothing: this one does not forget.
  virtual std::optional<Delivery> refresh(std::span<const monitoring::Alert> /*firing*/, UtcTime /*now*/) { return {}; }
};

}  // namespace modelyard::app
