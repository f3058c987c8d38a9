// Truth is how a simulated version answers: what nobody knows of a real one.
//
// Form:    "SIGNAL=VALUE": error_rate=2%, timeout_rate=0.1%, nonfinite_rate=0% (shares of requests); p50_ms=10, p99_ms=40
//          (latencies are log-normal with these two quantiles); latency=1.2 (times all of its latencies); reward=10% (of
//          answers without a fault are worth it; others are not).
// Errors:  InvalidArgument with the text and what to write.
// Threads: a value.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::rollout {

struct Truth {
  double error_rate = 0.001;  // failures that are neither timeouts nor answers that are not finite
  double timeout_rate = 0;
  double nonfinite_rate = 0;
  double p50_ms = 10, p99_ms = 40;
  double latency = 1;
  double reward = 0.1;

  friend bool operator==(const Truth&, const Truth&) = default;
};

Status set_truth(Truth& truth, std::string_view text);
// Refuses rates that sum to more than 1, and a p99 below the p50.
Status validate(const Truth& truth);
Json to_json(const Truth& truth);

}  // namespace modelyard::rollout
