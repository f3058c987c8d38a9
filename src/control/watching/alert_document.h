// JSON of alerts and silences: what the control API and webhooks give, and what is kept (docs/formats/alerts.md).
//
// Errors: Internal for a document that this program did not write.
#pragma once

#include "base/json.h"
#include "monitoring/alerts/silence.h"

namespace modelyard::control {

Json to_json(const monitoring::Alert& alert);
Json to_json(const monitoring::Silence& silence);

// As one line; bytes that are no UTF-8 become U+FFFD.
std::string alert_text(const monitoring::Alert& alert);
Result<monitoring::Alert> parse_alert(const std::string& text);

}  // namespace modelyard::control
