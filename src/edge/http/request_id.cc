#include "edge/http/request_id.h"

namespace modelyard::edge {

std::string_view trace_id(const Request& request) {
  // traceparent: 00-<32 digits of trace id>-<16>-<2>
  const auto trace = request.header("traceparent");
  const bool is_one = trace && trace->size() >= 55 && (*trace)[2] == '-' && (*trace)[35] == '-';
  return is_one ? trace->substr(3, 32) : std::string_view();
}

TraceHeaders trace_headers(const Request& request) {
  TraceHeaders found;
  int parents = 0, states = 0;
  for (const HeaderLine& line : request.headers) {
    if (equal_ignoring_case(line.name, "traceparent")) {
      found.parent = line.value;
      ++parents;
    } else if (equal_ignoring_case(line.name, "tracestate")) {
      found.state = line.value;
      ++states;
    }
  }
  if (parents != 1) return {};
  if (states != 1) found.state = {};
  return found;
}

std::string_view request_id(const Request& request, const Clock& clock, Random& random, IdRoom room) {
  constexpr std::size_t kLongest = 128;
  if (const auto given = request.header("X-Request-Id"); given && !given->empty()) return given->substr(0, kLongest);
  if (const std::string_view trace = trace_id(request); !trace.empty()) return trace;
  Uuid::make_v7(clock.utc_now(), random).format_to(room.data());
  return {room.data(), room.size()};
}

}  // namespace modelyard::edge
