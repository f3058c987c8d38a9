#include "app/cli/report/collection.h"

#include <algorithm>
#include <array>

#include "app/cli/report/document.h"
#include "app/cli/report/sections.h"
#include "app/cli/screen.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostSteps = 240;  // more than a plot has room for
constexpr std::int64_t kWantedSteps = 120, kWantedScores = 30;

// Asks for the parts of a report, and keeps why one is not to be had.
class Asking {
 public:
  Asking(const HttpClient& client, std::string endpoint)
      : client_(client), path_("/api/v1/endpoints/" + path_segment(endpoint)), endpoint_(std::move(endpoint)) {}

  Result<Json> whole(const std::string& path) const { return client_.call("GET", path); }
  Result<Json> of_endpoint(const std::string& rest) const { return client_.call("GET", path_ + rest); }

  // Null, with the server's words in `refusals`, when it has no such thing.
  Result<Json> part(const std::string& name, const std::string& path) {
    auto answer = client_.call("GET", path);
    if (answer || !is_refusal(answer.error().code())) return answer;
    refusals[name] = answer.error().message();
    return Json(nullptr);
  }
  Result<Json> endpoint_part(const std::string& name, const std::string& rest) { return part(name, path_ + rest); }

  const std::string& endpoint() const { return endpoint_; }

  Json refusals = Json::object();

 private:
  static bool is_refusal(Code code) {
    return code == Code::kFailedPrecondition || code == Code::kConflict || code == Code::kNotFound ||
           code == Code::kPermissionDenied || code == Code::kUnimplemented;
  }

  const HttpClient& client_;
  const std::string path_, endpoint_;
};

std::string period_query(UtcTime from, UtcTime to) {
  return fmt::format("from={}&to={}", format_utc(from), format_utc(to));
}

// A round number of seconds that cuts a time into not more than so many parts.
std::chrono::seconds step_for(std::chrono::microseconds length, std::int64_t parts) {
  constexpr std::array kSteps{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21'600, 43'200, 86'400};
  const std::int64_t least = length.count() / 1'000'000 / parts;
  for (const int step : kSteps) {
    if (step >= least) return std::chrono::seconds(step);
  }
  return std::chrono::seconds((least / kSteps.back() + 1) * kSteps.back());
}

UtcTime floor_to(UtcTime time, std::chrono::seconds step) {
  const std::int64_t micros = step.count() * 1'000'000;
  return utc_from_micros(utc_micros(time) / micros * micros);
}

// What plots over time need; the rest of many windows is much.
Json trimmed(Json item) {
  for (auto& [name, feature] : item["features"].items()) {
    for (const char* const key : {"histogram", "mean", "deviation", "smallest", "largest"}) feature.erase(key);
  }
  return item;
}

Json step_of(const Json& items) {
  Json kept = Json::array();
  std::string from = words_of(items[0], "from"), to = words_of(items[0], "to");
  for (const Json& item : items) {
    from = std::min(from, words_of(item, "from"));
    to = std::max(to, words_of(item, "to"));
    kept.push_back(trimmed(item));
  }
  return {{"from", from}, {"to", to}, {"items", std::move(kept)}};
}

// Windows as they are kept, those of one time together; null when they are too many.
Result<Json> windows_of(const Asking& asking, const std::string& period) {
  const auto answer = asking.of_endpoint("/profiles?" + period + "&by_window=true");
  if (!answer) return answer.error().code() == Code::kInvalidArgument ? Result<Json>(nullptr) : answer.error();
  std::map<std::string, Json> by_time;
  for (const Json& item : field(*answer, "items")) by_time[words_of(item, "from")].push_back(item);
  if (by_time.size() > kMostSteps) return Json(nullptr);
  Json steps = Json::array();
  for (const auto& [from, items] : by_time) steps.push_back(step_of(items));
  return steps;
}

struct Extent {
  UtcTime from, to;
};

// When there was anything, within the period.
Extent extent_of(const Json& profiles, const ReportQuery& query) {
  Extent extent{query.to, query.from};
  for (const Json& item : profiles) {
    if (const auto from = parse_utc(words_of(item, "from"))) extent.from = std::min(extent.from, *from);
    if (const auto to = parse_utc(words_of(item, "to"))) extent.to = std::max(extent.to, *to);
  }
  extent.from = std::max(extent.from, query.from);
  extent.to = std::min(extent.to, query.to);
  return extent.from < extent.to ? extent : Extent{query.from, query.to};
}

// The server puts windows together, whose quantiles only it can merge.
Result<Json> merged_steps(const Asking& asking, const Extent& extent) {
  const std::chrono::seconds step = step_for(extent.to - extent.from, kWantedSteps);
  ProgressBar progress("asking", ProgressBar::Unit::kNone);
  Json steps = Json::array();
  for (UtcTime at = floor_to(extent.from, step); at < extent.to; at += step) {
    const UtcTime from = std::max(at, extent.from), to = std::min(at + step, extent.to);
    MODELYARD_ASSIGN(const Json answer, asking.of_endpoint("/profiles?" + period_query(from, to)));
    progress.show((at - extent.from).count(), (extent.to - extent.from).count());
    if (!field(answer, "items").empty()) steps.push_back(step_of(answer["items"]));
  }
  return steps;
}

Result<Json> steps_of(const Asking& asking, const Json& profiles, const ReportQuery& query) {
  if (profiles.empty()) return Json::array();
  if (field(main_profile(profiles), "features").size() <= kMostFeatures) {
    MODELYARD_ASSIGN(Json windows, windows_of(asking, period_query(query.from, query.to)));
    if (!windows.is_null()) return windows;
  }
  return merged_steps(asking, extent_of(profiles, query));
}

Status add_traffic(Asking& asking, const ReportQuery& query, Json& report) {
  MODELYARD_ASSIGN(const Json answer,
                   asking.endpoint_part("profiles", "/profiles?" + period_query(query.from, query.to)));
  report["profiles"] = answer.is_null() ? Json::array() : field(answer, "items");
  MODELYARD_ASSIGN(report["steps"], steps_of(asking, report["profiles"], query));
  return ok();
}

// What drift compared with, as it looks.
Result<Json> reference_of(Asking& asking, const Json& drift, const std::string& model, const Json& profiles) {
  const Json& reference = field(drift, "reference");
  if (reference.is_null()) return Json(nullptr);
  const std::string version = words_of(reference, "attached_to");
  if (!version.empty()) {
    return asking.part("reference",
                       fmt::format("/api/v1/models/{}/versions/{}/reference", path_segment(model), version));
  }
  MODELYARD_ASSIGN(const Json answer,
                   asking.endpoint_part("reference", fmt::format("/profiles?from={}&to={}", words_of(reference, "from"),
                                                                 words_of(reference, "to"))));
  const Json& items = field(answer, "items");
  for (const Json& item : items) {
    if (field(item, "version") == field(main_profile(profiles), "version")) return item;
  }
  return main_profile(items);
}

Status add_drift(Asking& asking, const ReportQuery& query, Json& report) {
  std::string path = "/drift?" + period_query(query.from, query.to);
  if (query.reference_from) path += "&reference_from=" + format_utc(*query.reference_from);
  if (query.reference_to) path += "&reference_to=" + format_utc(*query.reference_to);
  MODELYARD_ASSIGN(report["drift"], asking.endpoint_part("drift", path));
  MODELYARD_ASSIGN(report["reference"],
                   reference_of(asking, report["drift"], words_of(report, "model"), report["profiles"]));
  return ok();
}

Status add_accuracy(Asking& asking, const ReportQuery& query, Json& report) {
  MODELYARD_ASSIGN(report["accuracy"],
                   asking.endpoint_part("accuracy", "/accuracy?" + period_query(query.from, query.to)));
  report["accuracy_steps"] = nullptr;
  if (report["accuracy"].is_null()) return ok();
  const Extent extent = extent_of(report["profiles"], query);
  const std::chrono::seconds step = step_for(extent.to - extent.from, kWantedScores);
  // Steps begin at round times; `from` is not before what was asked for.
  const UtcTime from = std::max(floor_to(extent.from, step), query.from);
  MODELYARD_ASSIGN(report["accuracy_steps"],
                   asking.endpoint_part("accuracy", fmt::format("/accuracy?{}&window_seconds={}",
                                                                period_query(from, extent.to), step.count())));
  return ok();
}

Status add_status(Asking& asking, Json& report) {
  const std::string model = words_of(report, "model");
  MODELYARD_ASSIGN(const Json status, asking.part("status", "/api/v1/status?model=" + path_segment(model)));
  report["status"] = nullptr;
  for (const Json& endpoint : field(status, "endpoints")) {
    if (words_of(endpoint, "endpoint") == asking.endpoint()) report["status"] = endpoint;
  }
  report["versions"] = field(status, "versions");
  return ok();
}

}  // namespace

Result<Json> collect_report(const HttpClient& client, const ReportQuery& query) {
  Asking asking(client, query.endpoint);
  MODELYARD_ASSIGN(const Json endpoint, asking.of_endpoint(""));
  Json report = {
      {"endpoint", query.endpoint}, {"model", words_of(endpoint, "model")},         {"from", format_utc(query.from)},
      {"to", format_utc(query.to)}, {"made", format_utc(system_clock().utc_now())}, {"server", client.server()}};
  MODELYARD_TRY(add_status(asking, report));
  MODELYARD_TRY(add_traffic(asking, query, report));
  MODELYARD_TRY(add_drift(asking, query, report));
  MODELYARD_TRY(add_accuracy(asking, query, report));
  const std::string of_endpoint = "?endpoint=" + path_segment(query.endpoint);
  MODELYARD_ASSIGN(const Json monitors, asking.part("monitors", "/api/v1/monitors" + of_endpoint));
  report["monitors"] = field(monitors, "items");
  MODELYARD_ASSIGN(const Json alerts, asking.part("monitors", "/api/v1/alerts" + of_endpoint));
  report["alerts"] = field(alerts, "items");
  report["refusals"] = std::move(asking.refusals);
  return report;
}

}  // namespace modelyard::app
