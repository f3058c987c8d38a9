// RequestLog gives every answer its X-Request-Id, and writes the access log.
//
// Threads: observe() on the loop of the request; the rest on any.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "edge/http/message.h"
#include "telemetry/access_log.h"

namespace modelyard::app {

class RequestLog {
 public:
  // `every` 0 logs nothing.
  RequestLog(telemetry::Log& log, std::size_t loops, std::int64_t every)
      : lines_(log, loops, static_cast<std::uint64_t>(every)) {}

  // Before the answer is written.
  void observe(const edge::Request& request, edge::Response& response, std::chrono::nanoseconds took);

  void set_every(std::int64_t every) { lines_.set_every(static_cast<std::uint64_t>(every)); }
  std::uint64_t dropped() const { return lines_.dropped(); }
  void stop() { lines_.stop(); }

 private:
  telemetry::AccessLog lines_;
};

}  // namespace modelyard::app
