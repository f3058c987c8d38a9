// Reads the Prometheus text of a server's /metrics, as much of it as a table needs.
//
// Limits: kMostMetricBytes of text, kMostMetricSamples samples, kMostMetricLabels labels a sample.
// Errors: InvalidArgument with the line, for what is not that text; ResourceExhausted beyond the limits.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace modelyard::app {

struct MetricSample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;

  // "" when it has no such label.
  std::string_view label(std::string_view key) const;
};

constexpr std::size_t kMostMetricBytes = 32u << 20, kMostMetricSamples = 200'000, kMostMetricLabels = 32;

Result<std::vector<MetricSample>> parse_metrics(std::string_view text);

}  // namespace modelyard::app
