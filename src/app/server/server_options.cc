#include "app/server/server_options.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "edge/http2/http2_session.h"

namespace modelyard::app {
namespace {

std::size_t size(const Configuration& c, std::string_view setting) {
  return static_cast<std::size_t>(c.integer(setting));
}

// 0 stands for as many as there are cores.
std::size_t size_or_cores(const Configuration& c, std::string_view setting) {
  const std::size_t own = size(c, setting);
  return own > 0 ? own : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

telemetry::LogFormat log_format(const Configuration& c) {
  const std::string& text = c.text("log_format");
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  return text == "text" || (text == "auto" && is_terminal) ? telemetry::LogFormat::kText : telemetry::LogFormat::kJson;
}

security::GuardOptions guard_options(const Configuration& c) {
  return {c.text("authentication") == "required", *security::VerbSet::parse(c.text("certificate_verbs")),
          size_or_cores(c, "loops")};
}

edge::HttpServerOptions http_options(const Configuration& c, const ListenAddress& address) {
  edge::HttpServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.loops = size_or_cores(c, "loops");
  options.max_connections = size(c, "max_connections");
  options.limits.head = {size(c, "max_target_bytes"), size(c, "max_header_bytes"), size(c, "max_headers")};
  options.limits.max_body_bytes = size(c, "max_body_bytes");
  options.limits.idle_timeout = c.seconds("idle_timeout_seconds");
  options.limits.header_timeout = c.seconds("header_timeout_seconds");
  options.limits.body_timeout = c.seconds("body_timeout_seconds");
  options.make_http2 = edge::http2_sessions();
  return options;
}

edge::RegionLimits region_limits(const Configuration& c) {
  edge::RegionLimits limits;
  limits.regions = size(c, "max_shared_memory_regions");
  limits.request_bytes = size(c, "max_body_bytes");
  return limits;
}

control::SourceOptions source_options(const Configuration& c) {
  return {c.seconds("version_grace_seconds"), static_cast<int>(c.integer("intra_op_threads"))};
}

lifecycle::ReconcilerOptions reconciler_options(const Configuration& c) {
  return {c.integer("memory_limit_bytes"), c.seconds("load_retry_least_seconds"), c.seconds("load_retry_most_seconds")};
}

serving::ExecutorOptions executor_options(const Configuration& c, std::size_t loops) {
  return {size(c, "queue_capacity"), size_or_cores(c, "workers_per_version"), loops};
}

serving::DispatcherOptions dispatcher_options(const Configuration& c, std::size_t loop, std::size_t loops,
                                              serving::Tap* tap) {
  serving::DispatcherOptions options;
  options.loop_index = loop;
  options.most_in_flight = std::max<std::size_t>(1, size(c, "max_in_flight") / loops);
  options.most_in_flight_bytes = size(c, "max_in_flight_bytes") / loops;
  options.inline_below = std::chrono::microseconds(c.integer("inline_below_us"));
  options.tap = tap;
  return options;
}

}  // namespace modelyard::app
