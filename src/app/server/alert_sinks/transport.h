// Transport carries what sinks send to another machine.
//
// Results: kTaken; kWaiting when it may work later (no answer, 408, 429, 5xx; SMTP's 4xx); kRefused otherwise, with
//          redirects: nothing goes anywhere but where the configuration says.
// Threads: one at a time; blocks as long as the receiver makes it, within limits.
#pragma once

#include <string>
#include <vector>

#include "app/curl/curl_transfer.h"
#include "control/watching/alert_outbox.h"

namespace modelyard::app {

struct Delivery {
  control::DeliveryResult result = control::DeliveryResult::kTaken;
  std::string words;  // for people, without URLs: "answered 503: busy"
};

struct Mail {
  std::string server;  // URL
  std::string from;
  std::vector<std::string> to;
  std::string user;  // "": no login; with one, TLS with a certificate that is verified is insisted on
  std::string password;
  std::string text;  // head and body as in RFC 5322
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Delivery post(const HttpPost& request) = 0;
  virtual Delivery send(const Mail& mail) = 0;
};

}  // namespace modelyard::app
