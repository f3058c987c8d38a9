#include "app/server/alert_sinks/alert_words.h"

#include <algorithm>

namespace modelyard::app {
namespace {

constexpr std::string_view kCut = "…";

std::string_view word_of(monitoring::AlertEvent event) {
  switch (event) {
    case monitoring::AlertEvent::kFired: return "Firing";
    case monitoring::AlertEvent::kEscalated: return "Worse";
    case monitoring::AlertEvent::kResolved: return "Resolved";
  }
  return "?";
}

}  // namespace

std::string title_of(const control::Notification& notification) {
  const monitoring::Alert& alert = notification.alert;
  std::string title =
      fmt::format("{} ({}): {}{}{} of {}", word_of(notification.event), monitoring::severity_name(alert.severity),
                  alert.monitor, alert.subject.empty() ? "" : ", ", alert.subject, alert.endpoint);
  std::ranges::replace_if(title, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return title;
}

std::string runbook_url(const monitoring::Alert& alert, const AlertOrigin& origin) {
  return origin.runbooks_base + monitoring::runbook_of(alert);
}

std::string idempotency_key(const control::Notification& notification) {
  // The time tells apart the numbers of two databases.
  return fmt::format("modelyard-{}-{}", utc_micros(notification.time), notification.id);
}

std::string document_text(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text.append(kCut);
}

}  // namespace modelyard::app
