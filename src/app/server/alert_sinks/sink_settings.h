// SinkSettings says where alerts are sent, as the setting `alert_sinks` lists it (docs/guides/alerts.md).
//
// Errors:  InvalidArgument with the place ("alert_sinks[1].url: …"), never with a URL: some are secrets.
// Threads: values.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "monitoring/alerts/alert.h"

namespace modelyard::app {

enum class SinkKind { kWebhook, kAlertmanager, kEmail, kSlack };

struct SinkSettings {
  std::string name;  // unique; what waits for a sink waits under it
  SinkKind kind{};
  monitoring::Severity least = monitoring::Severity::kTicket;
  std::string url;
  std::string secret_file;      // webhook
  std::string from;             // email, from here on
  std::vector<std::string> to;  // not empty
  std::string user;             // "": no login
  std::string password_file;
};

// Null is no sinks.
Result<std::vector<SinkSettings>> parse_alert_sinks(const Json& list);

}  // namespace modelyard::app
