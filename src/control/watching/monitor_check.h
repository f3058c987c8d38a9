// Whether the monitors of an endpoint can watch what they name.
//
// Errors:  InvalidArgument naming the monitor, and what there is instead.
// Threads: pure but for the reader.
#pragma once

#include <string>
#include <vector>

#include "monitoring/monitors/monitor.h"
#include "registry/catalog.h"

namespace modelyard::control {

// What findings and alerts of a monitor go by: names are unique within an endpoint.
std::string qualified_name(std::string_view endpoint, std::string_view monitor);

Status check_monitors(registry::CatalogReader& reader, const std::string& endpoint, const std::string& model,
                      const std::vector<monitoring::Monitor>& monitors);

}  // namespace modelyard::control
