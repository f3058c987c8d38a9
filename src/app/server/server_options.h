// The options of the server's parts, as its configuration has them.
//
// `configuration` has been checked. Threads: pure, but that log_format() looks whether standard error is a terminal.
#pragma once

#include "app/configuration/settings.h"
#include "control/models/registry_source.h"
#include "edge/http/server.h"
#include "edge/shared_memory/shared_regions.h"
#include "lifecycle/reconciler.h"
#include "security/guard.h"
#include "serving/dispatcher.h"
#include "serving/version_executor.h"
#include "telemetry/log.h"

namespace modelyard::app {

telemetry::LogFormat log_format(const Configuration& configuration);
security::GuardOptions guard_options(const Configuration& configuration);
edge::HttpServerOptions http_options(const Configuration& configuration, const ListenAddress& address);
edge::RegionLimits region_limits(const Configuration& configuration);
control::SourceOptions source_options(const Configuration& configuration);
lifecycle::ReconcilerOptions reconciler_options(const Configuration& configuration);
serving::ExecutorOptions executor_options(const Configuration& configuration, std::size_t loops);
// `tap` may be null.
serving::DispatcherOptions dispatcher_options(const Configuration& configuration, std::size_t loop, std::size_t loops,
                                              serving::Tap* tap);

}  // namespace modelyard::app
