// CurlTransport is the Transport over libcurl.
//
// Limits: 5 s for a connection, 15 s for all; 500 bytes of an answer are kept, and no more than 64 KiB read.
// Stop:   what is under way ends within about a second of a stop request, as kWaiting.
#pragma once

#include <stop_token>

#include "app/server/alert_sinks/transport.h"

namespace modelyard::app {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(std::stop_token stop) : stop_(std::move(stop)) {}

  Delivery post(const HttpPost& request) override;
  Delivery send(const Mail& mail) override;

 private:
  const std::stop_token stop_;
};

}  // namespace modelyard::app
