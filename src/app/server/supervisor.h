// What the server tells whoever started it, and takes from it: sd_notify(3)'s messages, and room for descriptors.
//
// Threads: any. Without NOTIFY_SOCKET nobody is told.
// Errors:  a message that cannot be sent is lost: a server does not end because nobody listens to it.
//          ResourceExhausted when the descriptors are too few.
// Source:  sd_notify(3), setrlimit(2).
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace modelyard::app {

// "READY=1", "STOPPING=1"; several with line feeds between them.
void tell_supervisor(std::string_view message);

// Raises this process's limit of descriptors as far as it may go, so that there are so many connections, and what the
// server itself needs.
Status make_room_for_connections(std::size_t connections);

}  // namespace modelyard::app
