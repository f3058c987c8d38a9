// Probes and metrics: /livez, /readyz, /metrics.
//
// Threads: the hooks are called on event loops and must not block.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "edge/http/router.h"
#include "telemetry/exposition.h"

namespace modelyard::edge {

// By the Accept header.
telemetry::ExpositionFormat choose_exposition(std::string_view accept);

struct OperationsHooks {
  std::function<bool()> ready;
  std::function<std::string(telemetry::ExpositionFormat)> metrics;
};

void add_operations_routes(Router& router, OperationsHooks hooks);

}  // namespace modelyard::edge
