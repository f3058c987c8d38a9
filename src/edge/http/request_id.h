// The id of a request: what the caller says in X-Request-Id, or the trace id of its traceparent (W3C Trace Context), or
// one that is made: a UUIDv7.
#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/uuid.h"
#include "edge/http/message.h"

namespace modelyard::edge {

using IdRoom = std::span<char, Uuid::kTextBytes>;

// Of its traceparent; "" when it has none.
std::string_view trace_id(const Request& request);

// W3C Trace Context as it was sent, not parsed yet; "" when there is none. Of several traceparents none counts, and a
// tracestate that comes in several lines is left out, which the standard allows.
struct TraceHeaders {
  std::string_view parent;
  std::string_view state;
};
TraceHeaders trace_headers(const Request& request);

// Valid as long as request and room.
std::string_view request_id(const Request& request, const Clock& clock, Random& random, IdRoom room);

}  // namespace modelyard::edge
