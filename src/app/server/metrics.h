// Gathers the server's metrics. Names are listed in docs/guides/metrics.md.
#pragma once

#include <string>
#include <vector>

#include "app/server/recording.h"
#include "app/server/trace_exporter.h"
#include "app/server/watching.h"
#include "control/rollouts/rollout_driver.h"
#include "control/rollouts/signal_asker.h"
#include "edge/http/server.h"
#include "lifecycle/reconciler.h"
#include "serving/dispatcher.h"
#include "telemetry/exposition.h"

namespace modelyard::app {

struct MetricsSources {
  const edge::HttpServer& http;
  const lifecycle::Reconciler& reconciler;
  const lifecycle::PublishedTable& table;
  const std::vector<std::unique_ptr<serving::Dispatcher>>& dispatchers;
  std::string server_version;
  std::string engine_version;
  std::function<std::uint64_t()> access_lines_dropped;
  Recording* recording;  // null: off
  Watching* watching;    // null: off
  control::RolloutDriver& rollouts;
  const control::SignalAsker& signals;
  const TraceExporter* traces;  // null: off
};

enum class TritonNames { kLeaveOut, kAdd };

std::string write_metrics(const MetricsSources& sources, telemetry::ExpositionFormat format, TritonNames triton);

}  // namespace modelyard::app
