#include "app/cli/top/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

namespace modelyard::app {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

double bound_of(const MetricSample& sample) {
  const std::string text(sample.label("le"));
  return text == "+Inf" ? std::numeric_limits<double>::infinity() : std::strtod(text.c_str(), nullptr);
}

void add_of_version(const MetricSample& sample, VersionSums& sums) {
  const bool is_good = sample.label("code") == "ok";
  if (sample.name == "modelyard_prediction_duration_seconds_bucket") {
    if (is_good) sums.answered_below[bound_of(sample)] += sample.value;
  } else if (sample.name == "modelyard_prediction_duration_seconds_count") {
    sums.requests += sample.value;
    if (!is_good) sums.errors += sample.value;
  } else if (sample.name == "modelyard_prediction_rows_total") {
    sums.rows += sample.value;
  } else if (sample.name == "modelyard_executions_total") {
    sums.runs += sample.value;
  } else if (sample.name == "modelyard_version_memory_bytes") {
    sums.memory = sample.value;
  } else if (sample.name == "modelyard_queue_length") {
    sums.queued = sample.value;
  }
}

double grown(double before, double now) {
  return now >= before ? now - before : now;
}

const Json& field_of(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_field(const Json& object, const char* key) {
  const Json& value = field_of(object, key);
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

Activity activity_of(const VersionSums& before, const VersionSums& now, double seconds) {
  std::map<double, double> below;
  // A version that was loaded anew counts from zero, in all its buckets.
  const bool is_new = now.requests < before.requests;
  for (const auto& [bound, count] : now.answered_below) {
    const auto old = before.answered_below.find(bound);
    below[bound] = count - (is_new || old == before.answered_below.end() ? 0 : old->second);
  }
  const double rows = grown(before.rows, now.rows), runs = grown(before.runs, now.runs);
  Activity activity;
  activity.requests = grown(before.requests, now.requests) / seconds;
  activity.errors = grown(before.errors, now.errors) / seconds;
  activity.rows = rows / seconds;
  activity.batch = runs > 0 ? rows / runs : kNoNumber;
  activity.p50 = quantile_of(below, 0.5);
  activity.p95 = quantile_of(below, 0.95);
  activity.p99 = quantile_of(below, 0.99);
  activity.memory = now.memory;
  activity.queued = now.queued;
  activity.in_flight = kNoNumber;
  activity.firing = kNoNumber;
  return activity;
}

std::map<std::string, double> firing_of(const Json& alerts) {
  std::map<std::string, double> firing;
  for (const Json& alert : field_of(alerts, "items")) {
    if (text_field(alert, "state") == "firing") firing[text_field(alert, "endpoint")] += 1;
  }
  return firing;
}

using ByVersion = std::map<std::pair<std::string, std::string>, Activity>;

ByVersion activities_of(const Scrape& before, const Scrape& now, double seconds) {
  ByVersion of_version;
  for (const auto& [key, sums] : now.versions) {
    const auto old = before.versions.find(key);
    Activity activity = activity_of(old == before.versions.end() ? VersionSums{} : old->second, sums, seconds);
    activity.model = key.first;
    activity.version = key.second;
    of_version[key] = activity;
  }
  return of_version;
}

Json or_null(double number) {
  return std::isfinite(number) ? Json(number) : Json(nullptr);
}

Json count_or_null(double number) {
  return std::isfinite(number) ? Json(std::llround(number)) : Json(nullptr);
}

}  // namespace

Scrape scrape_of(const std::vector<MetricSample>& samples, double seconds) {
  Scrape scrape;
  scrape.seconds = seconds;
  scrape.connections = scrape.open_requests = scrape.resident = scrape.started = kNoNumber;
  for (const MetricSample& sample : samples) {
    const std::string_view model = sample.label("model"), version = sample.label("version");
    if (!model.empty() && !version.empty()) {
      add_of_version(sample, scrape.versions[{std::string(model), std::string(version)}]);
    } else if (sample.name == "modelyard_endpoint_in_flight") {
      scrape.in_flight[std::string(sample.label("endpoint"))] = sample.value;
    } else if (sample.name == "modelyard_http_connections_open") {
      scrape.connections = sample.value;
    } else if (sample.name == "modelyard_requests_in_flight") {
      scrape.open_requests = sample.value;
    } else if (sample.name == "process_resident_memory_bytes") {
      scrape.resident = sample.value;
    } else if (sample.name == "process_start_time_seconds") {
      scrape.started = sample.value;
    }
  }
  return scrape;
}

double quantile_of(const std::map<double, double>& below, double share) {
  if (below.empty() || !(below.rbegin()->second > 0)) return kNoNumber;
  const double wanted = share * below.rbegin()->second;
  double from = 0, under = 0;
  for (const auto& [bound, count] : below) {
    if (count >= wanted && count > under) {
      // The last bucket has no end.
      return std::isfinite(bound) ? from + (bound - from) * (wanted - under) / (count - under) : from;
    }
    if (std::isfinite(bound)) from = bound;
    under = count;
  }
  return from;
}

Interval interval_of(const Scrape& before, const Scrape& now, const Json& status, const Json& alerts,
                     const std::string& endpoint) {
  Interval interval;
  interval.seconds = now.seconds - before.seconds;
  interval.connections = now.connections;
  interval.open_requests = now.open_requests;
  interval.resident = now.resident;
  interval.started = now.started;
  const auto firing = firing_of(alerts);
  interval.firing = alerts.is_null() ? kNoNumber : 0;
  for (const auto& [name, count] : firing) interval.firing += endpoint.empty() || name == endpoint ? count : 0;

  const auto of_version = activities_of(before, now, std::max(interval.seconds, 1e-3));
  std::set<std::pair<std::string, std::string>> sent, shown;
  for (const Json& one : field_of(status, "endpoints")) {
    const std::string name = text_field(one, "endpoint"), model = text_field(one, "model");
    for (const Json& share : field_of(field_of(one, "effective"), "shares")) {
      const auto found = of_version.find({model, text_field(share, "version")});
      if (found == of_version.end()) continue;
      sent.insert(found->first);
      if (!endpoint.empty() && name != endpoint) continue;
      shown.insert(found->first);
      Activity activity = found->second;
      activity.endpoint = name;
      if (const auto flying = now.in_flight.find(name); flying != now.in_flight.end())
        activity.in_flight = flying->second;
      if (!alerts.is_null()) activity.firing = firing.contains(name) ? firing.at(name) : 0;
      interval.rows_of_table.push_back(activity);
    }
  }
  for (const auto& [key, activity] : of_version) {
    if (endpoint.empty() && !sent.contains(key)) interval.rows_of_table.push_back(activity);
    if (!endpoint.empty() && !shown.contains(key)) continue;
    interval.requests += activity.requests;
    interval.rows += activity.rows;
    interval.errors += activity.errors;
  }
  std::ranges::sort(interval.rows_of_table, {}, [](const Activity& one) {
    return std::tuple(-one.requests, std::string_view(one.endpoint), std::string_view(one.model),
                      std::string_view(one.version));
  });
  return interval;
}

Json to_json(const Interval& interval) {
  Json versions = Json::array();
  for (const Activity& one : interval.rows_of_table) {
    versions.push_back({{"endpoint", one.endpoint.empty() ? Json(nullptr) : Json(one.endpoint)},
                        {"model", one.model},
                        {"version", std::strtoll(one.version.c_str(), nullptr, 10)},
                        {"requests_per_second", or_null(one.requests)},
                        {"rows_per_second", or_null(one.rows)},
                        {"errors_per_second", or_null(one.errors)},
                        {"p50_seconds", or_null(one.p50)},
                        {"p95_seconds", or_null(one.p95)},
                        {"p99_seconds", or_null(one.p99)},
                        {"rows_per_run", or_null(one.batch)},
                        {"in_flight", count_or_null(one.in_flight)},
                        {"queued", count_or_null(one.queued)},
                        {"memory_bytes", count_or_null(one.memory)},
                        {"alerts_firing", count_or_null(one.firing)}});
  }
  return {{"seconds", interval.seconds},
          {"requests_per_second", or_null(interval.requests)},
          {"rows_per_second", or_null(interval.rows)},
          {"errors_per_second", or_null(interval.errors)},
          {"connections_open", count_or_null(interval.connections)},
          {"requests_in_flight", count_or_null(interval.open_requests)},
          {"resident_bytes", count_or_null(interval.resident)},
          {"started_seconds", or_null(interval.started)},
          {"alerts_firing", count_or_null(interval.firing)},
          {"versions", std::move(versions)}};
}

}  // namespace modelyard::app
