// One connection's TLS. Private to this room.
#pragma once

#include "edge/http/transport.h"

struct ssl_ctx_st;

namespace modelyard::edge {

std::unique_ptr<Transport> tls_transport(ssl_ctx_st* context, int fd);

}  // namespace modelyard::edge
