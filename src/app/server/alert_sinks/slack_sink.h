// SlackSink posts to an incoming webhook of Slack, or of what understands its JSON (Mattermost, Rocket.Chat).
//
// Source: Slack's incoming webhooks and Block Kit; `&`, `<` and `>` are escaped, so that nothing in an alert becomes a
//         link or calls a channel.
#pragma once

#include "app/server/alert_sinks/alert_sink.h"

namespace modelyard::app {

class SlackSink final : public AlertSink {
 public:
  SlackSink(std::string url, AlertOrigin origin, Transport& transport)
      : url_(std::move(url)), origin_(std::move(origin)), transport_(transport) {}

  Delivery send(const control::Notification& notification, UtcTime now) override;

 private:
  const std::string url_;
  const AlertOrigin origin_;
  Transport& transport_;
};

}  // namespace modelyard::app
