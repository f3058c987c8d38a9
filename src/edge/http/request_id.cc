#include "edge/http/request_id.h"

namespace modelyard::edge {

std::string_view request_id(const Request& request, const Clock& clock, Random& random, IdRoom room) {
  constexpr std::size_t kLongest = 128;
  if (const auto given = request.header("X-Request-Id"); given && !given->empty()) return given->substr(0, kLongest);
  // traceparent: 00-<32 digits of trace id>-<16>-<2>
  const auto trace = request.header("traceparent");
  if (trace && trace->size() >= 55 && (*trace)[2] == '-' && (*trace)[35] == '-') return trace->substr(3, 32);
  Uuid::make_v7(clock.utc_now(), random).format_to(room.data());
  return {room.data(), room.size()};
}

}  // namespace modelyard::edge
