// What answers an endpoint, as people set it by hand and read it: shares are in percent, in steps of 0.01.
//
// Form: {"versions": [{"version", "percent"}], "shadows"?: [{"version", "percent", "tolerance"?}], "overrides"?:
//       [{"key", "value", "version"}], "sticky"?, "reason", "wait_seconds"?}. The percents of the versions sum to 100; a
//       version that only an override names is kept warm.
// Errors:  InvalidArgument naming the field; NotFound.
// Threads: pure, but for what reads the catalog and the journal.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "journal/journal.h"
#include "lifecycle/reconciler.h"
#include "registry/catalog.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {

struct TrafficRequest {
  rollout::TrafficPlan plan;  // of no endpoint yet
  std::string reason;
  std::optional<std::chrono::milliseconds> wait;
};

Result<TrafficRequest> parse_traffic_request(const Json& document);
// "version 1 90 %, version 2 10 %"
std::string text_of_shares(const rollout::TrafficPlan& plan);

struct TrafficParts {
  registry::Catalog& catalog;
  lifecycle::Reconciler& reconciler;
  journal::Journal* journal;  // null: how many requests there are is not known
  const Clock& clock;
};

// {"endpoint", "model", "plan_revision": null when it serves nothing, "in_effect", "created", "actor", "reason",
// "rollout": which decides, or null, "versions": [{"version", "percent", "arm", "phase", "requests_per_second"}],
// "shadows", "overrides", "sticky", "warm": [{"version", "phase", "requests_per_second"}], "layer", "falls_back"}.
// Requests are those of the last minute that chose no version.
Result<Json> report_traffic(const TrafficParts& parts, const std::string& endpoint);

}  // namespace modelyard::control
