// Probes and metrics: /livez, /readyz, /metrics.
//
// Threads: the hooks are called on event loops and must not block.
#pragma once

#include <functional>
#include <string>

#include "edge/http/router.h"
#include "telemetry/exposition.h"

namespace modelyard::edge {

struct OperationsHooks {
  std::function<bool()> ready;
  std::function<std::string(telemetry::ExpositionFormat)> metrics;
};

void add_operations_routes(Router& router, OperationsHooks hooks);

}  // namespace modelyard::edge
