// Traces as the configuration wants them: null when there is no otlp_endpoint.
//
// Errors: Unavailable without libcurl; InvalidArgument for a file of headers that cannot be read or has other lines.
#pragma once

#include "app/configuration/settings.h"
#include "app/server/trace_exporter.h"

namespace modelyard::app {

Result<std::unique_ptr<TraceExporter>> open_traces(const Configuration& configuration, std::size_t loops,
                                                   telemetry::Log& log);

// "Name: value" a line; empty lines and those that begin with '#' are none.
Result<std::vector<std::string>> parse_header_lines(std::string_view text, std::string_view file_name);

}  // namespace modelyard::app
