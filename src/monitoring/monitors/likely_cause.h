// What probably lies behind a finding that failed, from what else is known of its endpoint at that time: a hint for
// whoever is called, by fixed rules, and no verdict.
//
// Rules, the first that fits:
//   a feature      all its values were multiplied by one number (numbers.scale): another unit or scale
//                  it is missing, or has texts that the reference did not have (findings of quality)
//                  most of what is watched has moved with it: it is not this one source
//   latency, errors, what outputs are and how good they are
//                  other versions have answered since a moment within the window or the one before
//   what outputs are and how good they are
//                  inputs that have moved; or that none has, where they are watched
// Threads: pure.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "monitoring/alerts/finding.h"
#include "monitoring/monitors/monitor.h"

namespace modelyard::monitoring {

// The last findings of one monitor.
struct Judged {
  MonitorKind kind{};
  std::vector<Finding> findings;
};

// Of one endpoint.
struct Surroundings {
  std::vector<Judged> judged;                  // of all its monitors
  std::set<std::string, std::less<>> outputs;  // features that the model answers with
  std::string versions;                        // that answer: "version 3"; "" is not known
  UtcTime deployed{};                          // since when they do
};

// Of a finding that failed, in the window that ended at `end`; "" when there is nothing to say.
std::string likely_cause(const Monitor& monitor, const Finding& finding, UtcTime end, const Surroundings& around);
// What of the endpoint's answers has become worse, for a change of data to be told with: "accuracy is 0.71 …"; or "".
std::string loss_beside(const Surroundings& around);

}  // namespace modelyard::monitoring
