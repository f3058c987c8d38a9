// forecast_rollout says what a rollout would take and what its gates could see, without beginning it: a dry run.
//
// Time:    by the endpoint's traffic of late (recent_traffic.h), unless a rate is given; as plan_preview.h assumes.
// Gates:   rollout/gates/outlook.h, with the evidence of the steps before as it would be by then.
// Errors:  those of beginning the rollout.
// Threads: any; blocks on the disk.
#pragma once

#include <optional>
#include <string>

#include "control/rollouts/rollout_admission.h"
#include "journal/journal.h"
#include "rollout/gates/outlook.h"

namespace modelyard::control {

struct ForecastParts {
  registry::Catalog& catalog;
  journal::Journal* journal;  // null: traffic is not known unless it is given
  const SignalSources& sources;
  const Clock& clock;
};

struct ForecastQuery {
  std::string endpoint;
  Json spec;
  std::optional<double> requests_per_second;
  double harm_times = rollout::kHarmTimes;
};

// {"endpoint","model","spec","traffic","harm_times","steps": [… "outlook": […]],"earliest_seconds","latest_seconds"}
Result<Json> forecast_rollout(const ForecastParts& parts, const ForecastQuery& query);

}  // namespace modelyard::control
