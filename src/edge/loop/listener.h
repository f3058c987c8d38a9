// A listening TCP socket: our own, or one inherited from the process before us (LISTEN_FDS), so that a
// restart loses no connection.
//
// Errors: InvalidArgument for a host that does not resolve, Conflict when the port is taken.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace modelyard::edge {

struct ListeningSocket {
  UniqueFd fd;  // non-blocking
  std::string host;
  std::uint16_t port = 0;  // the bound one
};

// Port 0 lets the system choose. An inherited socket wins over `host` and `port`.
Result<ListeningSocket> open_listening_socket(const std::string& host, std::uint16_t port);

}  // namespace modelyard::edge
