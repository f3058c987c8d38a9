#include "app/server/alert_sinks/slack_sink.h"

#include "app/server/alert_sinks/alert_words.h"

namespace modelyard::app {
namespace {

// Slack's limits are in characters: 150 of a header, 3000 of a section.
constexpr std::size_t kMostHeaderBytes = 150, kMostSectionBytes = 2000;

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

Json markdown(const std::string& text) {
  return {{"type", "mrkdwn"}, {"text", text}};
}

}  // namespace

Delivery SlackSink::send(const control::Notification& notification, UtcTime) {
  const monitoring::Alert& alert = notification.alert;
  const std::string title = title_of(notification);
  const std::string sentence =
      escaped(shortened(alert.sentence.empty() ? "There are no words for it." : alert.sentence, kMostSectionBytes / 5));
  const std::string context = fmt::format("{} · {} · runbook: {}", format_utc(notification.time), origin_.instance,
                                          runbook_url(alert, origin_));
  const Json header{{"type", "plain_text"}, {"text", shortened(title, kMostHeaderBytes)}, {"emoji", false}};
  const Json blocks = Json::array({{{"type", "header"}, {"text", header}},
                                   {{"type", "section"}, {"text", markdown(sentence)}},
                                   {{"type", "context"}, {"elements", Json::array({markdown(escaped(context))})}}});
  const Json body{{"text", escaped(shortened(title, kMostHeaderBytes)) + "\n" + sentence}, {"blocks", blocks}};
  return transport_.post({.url = url_, .headers = {}, .body = document_text(body)});
}

}  // namespace modelyard::app
