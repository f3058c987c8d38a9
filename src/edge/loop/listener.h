// A listening TCP socket: our own, or one that a supervisor keeps and passes on (LISTEN_FDS, as systemd does), so that
// a restart loses no connection.
//
// Errors: InvalidArgument for a host that does not resolve, or for what was passed on and is no listening TCP socket;
//         Conflict when the port is taken.
// Source: sd_listen_fds(3).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace modelyard::edge {

struct ListeningSocket {
  UniqueFd fd;             // non-blocking
  std::string host;        // as asked for; of an inherited socket, the bound address
  std::uint16_t port = 0;  // the bound one
  // Who is in its queue when we stop is served by our successor.
  bool inherited = false;
};

// Port 0 lets the system choose. An inherited socket wins over `host` and `port`.
Result<ListeningSocket> open_listening_socket(const std::string& host, std::uint16_t port);

}  // namespace modelyard::edge
