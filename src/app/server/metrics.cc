#include "app/server/metrics.h"

#include <algorithm>

#include "telemetry/process_status.h"

namespace modelyard::app {
namespace {

using serving::VersionTotals;
using telemetry::Exposition;
using telemetry::Labels;
using telemetry::MetricKind;

struct VersionFigures {
  VersionRef ref;
  VersionTotals totals;
  std::size_t queue_length = 0;

  Labels labels() const { return {{"model", ref.model}, {"version", std::to_string(ref.version)}}; }
};

std::vector<VersionFigures> collect(const lifecycle::PublishedTable& published) {
  std::vector<VersionFigures> figures;
  const auto table = published.snapshot().current();
  for (const auto& [name, model] : table->models) {
    for (const auto& [number, servable] : model.ready) {
      const auto& executor = static_cast<const serving::VersionExecutor&>(servable->executor());
      figures.push_back({servable->ref(), executor.totals(), executor.queue_length()});
    }
  }
  return figures;
}

void write_predictions(Exposition& out, const std::vector<VersionFigures>& versions, const TraceExporter* traces) {
  out.family("modelyard_prediction_duration_seconds", MetricKind::kHistogram,
             "Time from admission to the formed answer, by model, version, protocol and code.");
  for (const VersionFigures& version : versions) {
    for (int protocol = 0; protocol < serving::kProtocols; ++protocol) {
      for (int outcome = 0; outcome < serving::kOutcomes; ++outcome) {
        const auto& histogram =
            version.totals.latency[static_cast<std::size_t>(protocol)][static_cast<std::size_t>(outcome)];
        if (histogram.count() == 0) continue;
        Labels labels = version.labels();
        labels.emplace_back("protocol", serving::protocol_name(static_cast<serving::Protocol>(protocol)));
        labels.emplace_back("code", serving::outcome_name(outcome));
        Exemplars::OfBuckets exemplars;
        if (traces != nullptr) {
          exemplars = traces->exemplars().find(version.ref, static_cast<serving::Protocol>(protocol), outcome);
        }
        out.histogram(labels, serving::kLatencyBounds, histogram.counts,
                      static_cast<double>(histogram.nanoseconds) / 1e9, exemplars);
      }
    }
  }
  const auto counter = [&](std::string_view name, std::string_view help, auto value) {
    out.family(name, MetricKind::kCounter, help);
    for (const VersionFigures& version : versions) out.sample(version.labels(), value(version.totals));
  };
  counter("modelyard_prediction_rows", "Rows answered.", [](const VersionTotals& totals) { return totals.rows; });
  counter("modelyard_executions", "Runs of the engine.", [](const VersionTotals& totals) { return totals.executions; });
  counter("modelyard_queue_seconds", "Time that answered requests waited for a worker.",
          [](const VersionTotals& totals) { return static_cast<double>(totals.queued) / 1e9; });
  counter("modelyard_compute_seconds", "Time in the engine for answered requests.",
          [](const VersionTotals& totals) { return static_cast<double>(totals.computed) / 1e9; });
  out.family("modelyard_queue_length", MetricKind::kGauge, "Requests waiting for a worker now.");
  for (const VersionFigures& version : versions) out.sample(version.labels(), std::uint64_t{version.queue_length});
}

// Endpoints with limits or a cache.
void write_endpoints(Exposition& out, const lifecycle::ServingTable& table) {
  const auto family = [&](std::string_view name, MetricKind kind, std::string_view help, auto applies, auto value) {
    out.family(name, kind, help);
    for (const auto& [endpoint, entry] : table.endpoints) {
      if (entry.settings && applies(*entry.settings)) out.sample({{"endpoint", endpoint}}, value(*entry.settings));
    }
  };
  using lifecycle::EndpointSettings;
  const auto limited = [](const EndpointSettings& settings) { return settings.scheduling.is_limited(); };
  const auto cached = [](const EndpointSettings& settings) { return settings.cache != nullptr; };
  family("modelyard_endpoint_in_flight", MetricKind::kGauge, "Requests being answered, of endpoints with a limit.",
         limited, [](const EndpointSettings& s) { return static_cast<std::uint64_t>(s.limits.in_flight()); });
  family("modelyard_endpoint_limited", MetricKind::kCounter, "Requests refused by an endpoint's own limits.", limited,
         [](const EndpointSettings& s) { return s.limits.refused(); });
  family("modelyard_response_cache_hits", MetricKind::kCounter, "Requests answered from the cache.", cached,
         [](const EndpointSettings& s) { return s.cache->hits(); });
  family("modelyard_response_cache_misses", MetricKind::kCounter, "Requests that the cache had no answer for.", cached,
         [](const EndpointSettings& s) { return s.cache->misses(); });
  family("modelyard_response_cache_evictions", MetricKind::kCounter, "Answers that made room for others.", cached,
         [](const EndpointSettings& s) { return s.cache->evictions(); });
  family("modelyard_response_cache_bytes", MetricKind::kGauge, "Bytes of kept answers.", cached,
         [](const EndpointSettings& s) { return static_cast<std::uint64_t>(s.cache->bytes()); });
}

void write_lifecycle(Exposition& out, const lifecycle::LifecycleStatus& status) {
  out.family("modelyard_version_phase", MetricKind::kGauge, "1 for the phase a version is in.");
  for (const auto& version : status.versions) {
    out.sample({{"model", version.version.model},
                {"version", std::to_string(version.version.version)},
                {"phase", std::string(lifecycle::phase_name(version.phase))}},
               std::uint64_t{1});
  }
  out.family("modelyard_version_memory_bytes", MetricKind::kGauge, "Memory measured when the version was loaded.");
  for (const auto& version : status.versions) {
    out.sample({{"model", version.version.model}, {"version", std::to_string(version.version.version)}},
               static_cast<std::uint64_t>(version.memory_bytes));
  }
  out.family("modelyard_loads", MetricKind::kCounter, "Loads that began.");
  out.sample({}, status.loads);
  out.family("modelyard_load_failures", MetricKind::kCounter, "Loads that failed.");
  out.sample({}, status.load_failures);
  out.family("modelyard_memory_reserved_bytes", MetricKind::kGauge, "Memory that loaded versions take by the ledger.");
  out.sample({}, static_cast<std::uint64_t>(status.memory_used));
}

void write_http(Exposition& out, const MetricsSources& sources) {
  const auto totals = sources.http.totals();
  const auto one = [&](std::string_view name, MetricKind kind, std::string_view help, std::uint64_t value) {
    out.family(name, kind, help);
    out.sample({}, value);
  };
  one("modelyard_http_connections", MetricKind::kCounter, "Connections accepted.", totals.connections_opened);
  one("modelyard_http_connections_open", MetricKind::kGauge, "Connections open now.", totals.connections_open);
  one("modelyard_http_requests", MetricKind::kCounter, "Requests whose head was read.", totals.requests);
  one("modelyard_http_requests_abandoned", MetricKind::kCounter, "Requests whose client left before the answer.",
      totals.abandoned);
  one("modelyard_http_received_bytes", MetricKind::kCounter, "Bytes read from connections.", totals.bytes_received);
  one("modelyard_http_sent_bytes", MetricKind::kCounter, "Bytes written to connections.", totals.bytes_sent);
  one("modelyard_access_lines_dropped", MetricKind::kCounter, "Access log lines dropped.",
      sources.access_lines_dropped());
  std::uint64_t in_flight = 0, refused = 0;
  for (const auto& dispatcher : sources.dispatchers) {
    in_flight += dispatcher->in_flight();
    refused += dispatcher->refused();
  }
  one("modelyard_requests_in_flight", MetricKind::kGauge, "Predictions being answered now.", in_flight);
  one("modelyard_requests_refused", MetricKind::kCounter, "Predictions refused by limits.", refused);
}

void write_journal(Exposition& out, const journal::Journal& journal) {
  const journal::JournalTotals totals = journal.totals();
  out.family("modelyard_journal_records", MetricKind::kCounter, "Decision records taken.");
  out.sample({}, totals.recorded);
  out.family("modelyard_journal_records_lost", MetricKind::kCounter,
             "Decision records dropped: for want of room in memory, or because the disk did not take them.");
  out.sample({{"reason", "room"}}, totals.lost_for_room);
  out.sample({{"reason", "disk"}}, totals.lost_for_disk);
  out.family("modelyard_journal_records_kept", MetricKind::kGauge, "Decision records on disk.");
  out.sample({}, totals.records);
  out.family("modelyard_journal_bytes", MetricKind::kGauge, "Bytes of decision records on disk.");
  out.sample({}, totals.bytes);
  out.family("modelyard_journal_segments_deleted", MetricKind::kCounter, "Segments deleted for age or size.");
  out.sample({}, totals.deleted_segments);
}

void write_payloads(Exposition& out, const journal::PayloadJournal& payloads) {
  const journal::PayloadTotals totals = payloads.totals();
  out.family("modelyard_capture_payloads", MetricKind::kCounter, "Payloads captured.");
  out.sample({}, totals.recorded);
  out.family("modelyard_capture_payloads_lost", MetricKind::kCounter,
             "Payloads dropped: for want of room in memory, or because the disk did not take them.");
  out.sample({{"reason", "room"}}, totals.lost_for_room);
  out.sample({{"reason", "disk"}}, totals.lost_for_disk);
  out.family("modelyard_capture_payloads_kept", MetricKind::kGauge, "Captured payloads on disk.");
  out.sample({}, totals.records);
  out.family("modelyard_capture_bytes", MetricKind::kGauge, "Bytes of captured payloads on disk.");
  out.sample({}, totals.bytes);
  out.family("modelyard_capture_segments_deleted", MetricKind::kCounter, "Segments deleted for age or size.");
  out.sample({}, totals.deleted_segments);
}

void write_labels(Exposition& out, const journal::LabelStore& labels) {
  const auto all = labels.totals();
  if (all.empty()) return;
  out.family("modelyard_labels", MetricKind::kCounter, "Labels that arrived, by endpoint and what became of them.");
  for (const journal::LabelTotals& totals : all) {
    const auto sample = [&](std::string outcome, std::uint64_t number) {
      out.sample({{"endpoint", totals.endpoint}, {"outcome", std::move(outcome)}}, number);
    };
    sample("stored", totals.tally.stored);
    sample("corrected", totals.tally.corrected);
    sample("repeated", totals.tally.repeated);
    sample("outdated", totals.tally.outdated);
  }
  out.family("modelyard_label_lag_seconds", MetricKind::kHistogram,
             "Time from a prediction to the arrival of its first label.");
  const std::vector<double> bounds(journal::kLagSeconds.begin(), journal::kLagSeconds.end());
  for (const journal::LabelTotals& totals : all) {
    out.histogram({{"endpoint", totals.endpoint}}, bounds, totals.lags, totals.lag_seconds);
  }
  out.family("modelyard_label_watermark_timestamp_seconds", MetricKind::kGauge,
             "Time of the newest prediction that has a label.");
  for (const journal::LabelTotals& totals : all) {
    out.sample({{"endpoint", totals.endpoint}}, static_cast<double>(utc_micros(totals.newest)) / 1e6);
  }
}

void write_traces(Exposition& out, const TraceTotals& totals) {
  out.family("modelyard_trace_spans", MetricKind::kCounter,
             "Spans of traces: taken by the collector, dropped for want of room, or not taken.");
  out.sample({{"result", "exported"}}, totals.exported);
  out.sample({{"result", "dropped"}}, totals.dropped);
  out.sample({{"result", "failed"}}, totals.failed);
}

void write_process(Exposition& out, const MetricsSources& sources) {
  const auto status = telemetry::read_process_status();
  out.family("modelyard_build_info", MetricKind::kGauge, "1, with versions as labels.");
  out.sample({{"version", sources.server_version}, {"engine_version", sources.engine_version}}, std::uint64_t{1});
  out.family("process_cpu_seconds", MetricKind::kCounter, "CPU time of the process.");
  out.sample({}, status.cpu_seconds);
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.family(name, MetricKind::kGauge, help);
    out.sample({}, value);
  };
  gauge("process_resident_memory_bytes", "Resident memory of the process.", status.resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory of the process.", status.virtual_bytes);
  gauge("process_open_fds", "Open file descriptors.", status.open_fds);
  gauge("process_max_fds", "Limit of open file descriptors.", status.max_fds);
  gauge("process_threads", "Threads of the process.", status.threads);
  out.family("process_start_time_seconds", MetricKind::kGauge, "Start of the process since 1970.");
  out.sample({}, status.start_time_seconds);
}

// The names that dashboards made for Triton ask for.
void write_triton(Exposition& out, const std::vector<VersionFigures>& versions) {
  const auto counter = [&](std::string_view name, std::string_view help, auto value) {
    out.family(name, MetricKind::kGauge, help);
    for (const VersionFigures& version : versions) out.sample(version.labels(), value(version.totals));
  };
  counter("nv_inference_request_success", "Requests answered.", [](const VersionTotals& t) { return t.answered(); });
  counter("nv_inference_request_failure", "Requests failed.", [](const VersionTotals& t) { return t.failed(); });
  counter("nv_inference_count", "Rows answered.", [](const VersionTotals& t) { return t.rows; });
  counter("nv_inference_exec_count", "Runs of the engine.", [](const VersionTotals& t) { return t.executions; });
  counter("nv_inference_request_duration_us", "Time of answered requests.",
          [](const VersionTotals& t) { return t.answered_nanoseconds() / 1000; });
  counter("nv_inference_queue_duration_us", "Time in queues.", [](const VersionTotals& t) { return t.queued / 1000; });
  counter("nv_inference_compute_input_duration_us", "Time before the engine.",
          [](const VersionTotals& t) { return t.prepared / 1000; });
  counter("nv_inference_compute_infer_duration_us", "Time in the engine.",
          [](const VersionTotals& t) { return t.computed / 1000; });
}

void write_profiles(Exposition& out, const Watching& watching) {
  out.family("modelyard_profile_predictions_left_out", MetricKind::kCounter,
             "Predictions that profiles have not seen: there are too many endpoints or features.");
  out.sample({}, watching.left_out());
}

// A subject is a feature, of which a model may have thousands: the failed ones come first, and only so many.
void write_watch(Exposition& out, const control::WatchFigures& figures) {
  constexpr std::size_t kMostSubjects = 50;
  using monitoring::Outcome;
  const auto labels_of = [](const control::WatchFigures::OfMonitor& monitor) {
    return Labels{{"endpoint", monitor.endpoint}, {"monitor", monitor.monitor}, {"kind", monitor.kind}};
  };
  const auto count = [&](std::string_view name, std::string_view help, Outcome outcome) {
    out.family(name, MetricKind::kGauge, help);
    for (const auto& monitor : figures.monitors) {
      const auto number = std::ranges::count(monitor.findings, outcome, &monitoring::Finding::outcome);
      out.sample(labels_of(monitor), static_cast<std::uint64_t>(number));
    }
  };
  count("modelyard_monitor_failed_subjects", "Features or metrics that failed in a monitor's last window.",
        Outcome::kFail);
  count("modelyard_monitor_passed_subjects", "Features or metrics that passed in a monitor's last window.",
        Outcome::kPass);
  out.family("modelyard_monitor_value", MetricKind::kGauge,
             "What a monitor found in its last window: the distance of drift, an accuracy, a share, milliseconds.");
  for (const auto& monitor : figures.monitors) {
    std::vector<const monitoring::Finding*> told;
    for (const Outcome outcome : {Outcome::kFail, Outcome::kPass}) {
      for (const monitoring::Finding& finding : monitor.findings) {
        if (finding.outcome == outcome && told.size() < kMostSubjects) told.push_back(&finding);
      }
    }
    for (const monitoring::Finding* const finding : told) {
      Labels labels = labels_of(monitor);
      labels.emplace_back("subject", finding->subject);
      out.sample(labels, finding->value);
    }
  }
  out.family("modelyard_alerts_firing", MetricKind::kGauge, "Alerts that fire, by endpoint and severity.");
  for (const auto& [of, number] : figures.firing) {
    out.sample({{"endpoint", of.first}, {"severity", std::string(monitoring::severity_name(of.second))}}, number);
  }
}

void write_rollouts(Exposition& out, const control::RolloutFigures& figures) {
  const auto labels_of = [](const control::RolloutFigures::One& rollout) {
    return Labels{{"endpoint", rollout.endpoint},
                  {"rollout", std::to_string(rollout.id)},
                  {"version", std::to_string(rollout.candidate.version)}};
  };
  out.family("modelyard_rollout_info", MetricKind::kGauge, "1 for each rollout under way, with its phase.");
  for (const auto& rollout : figures.live) {
    Labels labels = labels_of(rollout);
    labels.emplace_back("phase", rollout.phase);
    out.sample(labels, std::uint64_t{1});
  }
  out.family("modelyard_rollout_weight_ratio", MetricKind::kGauge, "The candidate's share of requests, 0 to 1.");
  for (const auto& rollout : figures.live) {
    out.sample(labels_of(rollout), static_cast<double>(rollout.weight) / rollout::kWhole);
  }
  out.family("modelyard_rollout_candidate_requests", MetricKind::kGauge,
             "Requests of the present step that the candidate has ended.");
  for (const auto& rollout : figures.live) out.sample(labels_of(rollout), rollout.candidate_requests);
  out.family("modelyard_rollout_dropped_copies", MetricKind::kCounter,
             "Copies of requests that a shadow had no room for, since the start.");
  for (const auto& rollout : figures.live) out.sample(labels_of(rollout), rollout.dropped_copies);
  out.family("modelyard_rollout_fallbacks", MetricKind::kCounter,
             "Requests that stable answered when the candidate had failed, since the start.");
  for (const auto& rollout : figures.live) out.sample(labels_of(rollout), rollout.fallbacks);
  out.family("modelyard_rollouts_ended", MetricKind::kCounter, "Rollouts that have ended since the start, by how.");
  for (const auto& [ending, number] : figures.ended) out.sample({{"ending", ending}}, number);
}

void write_signals(Exposition& out, const control::SignalAsker::Counts& counts) {
  out.family("modelyard_rollout_signal_queries", MetricKind::kCounter,
             "Questions to the sources of external signals since the start, by outcome: value, nodata, error.");
  for (const auto& [of, number] : counts) out.sample({{"source", of.first}, {"outcome", of.second}}, number);
}

}  // namespace

std::string write_metrics(const MetricsSources& sources, telemetry::ExpositionFormat format, TritonNames triton) {
  Exposition out(format);
  const auto versions = collect(sources.table);
  write_predictions(out, versions, sources.traces);
  write_endpoints(out, *sources.table.snapshot().current());
  write_lifecycle(out, sources.reconciler.status());
  write_http(out, sources);
  if (sources.recording != nullptr) {
    write_journal(out, sources.recording->journal());
    write_payloads(out, sources.recording->payloads());
    write_labels(out, sources.recording->labels());
  }
  if (sources.watching != nullptr) {
    write_profiles(out, *sources.watching);
    write_watch(out, sources.watching->watcher().figures());
  }
  write_rollouts(out, sources.rollouts.figures());
  write_signals(out, sources.signals.counts());
  if (sources.traces != nullptr) write_traces(out, sources.traces->totals());
  write_process(out, sources);
  if (triton == TritonNames::kAdd) write_triton(out, versions);
  return std::move(out).finish();
}

}  // namespace modelyard::app
