// The words about an alert that several sinks use.
#pragma once

#include <string>

#include "app/server/alert_sinks/alert_sink.h"
#include "base/json.h"

namespace modelyard::app {

// "Firing (page): loans-drift, amount of loans", on one line.
std::string title_of(const control::Notification& notification);
std::string runbook_url(const monitoring::Alert& alert, const AlertOrigin& origin);
// The same for every try of one notification.
std::string idempotency_key(const control::Notification& notification);
// Bytes that are no UTF-8 become U+FFFD.
std::string document_text(const Json& document);
// At most `most` bytes, cut between characters.
std::string shortened(std::string text, std::size_t most);

}  // namespace modelyard::app
