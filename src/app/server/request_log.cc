#include "app/server/request_log.h"

#include <array>

#include "edge/http/request_id.h"

namespace modelyard::app {
namespace {

// Of the answer's further header lines; `start` is "Name: ".
std::string_view header_value(const edge::Response& response, std::string_view start) {
  const std::string_view lines = response.headers;
  const auto at = lines.find(start);
  if (at == std::string_view::npos) return {};
  const auto first = at + start.size();
  return lines.substr(first, lines.find('\r', first) - first);
}

}  // namespace

void RequestLog::observe(const edge::Request& request, edge::Response& response, std::chrono::nanoseconds took) {
  if (!response.names_request) {
    std::array<char, Uuid::kTextBytes> room;
    response.add_header("X-Request-Id", edge::request_id(request, system_clock(), system_random(), room));
  }
  if (!lines_.takes_next(request.loop_index)) return;
  lines_.submit(request.loop_index,
                {edge::method_name(request.method), request.path, request.remote,
                 header_value(response, "X-Request-Id: "), header_value(response, "Modelyard-Prediction-Id: "),
                 response.status, static_cast<std::int64_t>(request.body.size()),
                 static_cast<std::int64_t>(response.body_bytes()), took.count() / 1000});
}

}  // namespace modelyard::app
