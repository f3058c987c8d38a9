// What has happened between two scrapes of a server's metrics. Pure.
//
// Units: rates a second, latencies in seconds. NaN is what cannot be said: nothing was answered, or the server has no
//        such metric. A counter that went down belongs to a new process or a version that was loaded anew: it counts
//        from zero.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/cli/top/metrics_text.h"
#include "base/json.h"

namespace modelyard::app {

// Counters and gauges of one version.
struct VersionSums {
  std::map<double, double> answered_below;  // bucket's bound → answered requests, cumulative
  double requests = 0, errors = 0, rows = 0, runs = 0;
  double memory = 0, queued = 0;
};

struct Scrape {
  double seconds = 0;                                                   // of a steady clock
  std::map<std::pair<std::string, std::string>, VersionSums> versions;  // by model and version
  std::map<std::string, double> in_flight;                              // by endpoint, of those with limits
  double connections = 0, open_requests = 0, resident = 0, started = 0;
};

Scrape scrape_of(const std::vector<MetricSample>& samples, double seconds);

struct Activity {
  std::string endpoint;  // "" of a version that no endpoint sends traffic to
  std::string model, version;
  double requests = 0, rows = 0, errors = 0;  // a second
  double p50 = 0, p95 = 0, p99 = 0;
  double batch = 0, in_flight = 0, memory = 0, queued = 0;
  double firing = 0;  // alerts
};

struct Interval {
  double seconds = 0;
  double requests = 0, rows = 0, errors = 0;  // a second, of all versions
  double connections = 0, open_requests = 0, resident = 0, started = 0, firing = 0;
  std::vector<Activity> rows_of_table;  // the busiest first
};

// `status` is the report of /api/v1/status; `alerts` that of /api/v1/alerts, or null when the server has none.
// An `endpoint` but "" leaves out the others.
Interval interval_of(const Scrape& before, const Scrape& now, const Json& status, const Json& alerts,
                     const std::string& endpoint);
Json to_json(const Interval& interval);

// The value below which such a share of what came between lies, between the bounds of its bucket; NaN of nothing.
double quantile_of(const std::map<double, double>& below, double share);

}  // namespace modelyard::app
