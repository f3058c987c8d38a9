// FakeTransport keeps what it is given, and answers what a test says.
#pragma once

#include "app/server/alert_sinks/transport.h"

namespace modelyard::app {

class FakeTransport final : public Transport {
 public:
  Delivery post(const HttpPost& request) override {
    posts.push_back(request);
    return answer;
  }
  Delivery send(const Mail& mail) override {
    mails.push_back(mail);
    return answer;
  }

  std::vector<HttpPost> posts;
  std::vector<Mail> mails;
  Delivery answer;
};

}  // namespace modelyard::app
