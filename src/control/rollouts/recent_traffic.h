// RecentTraffic is what an endpoint was asked lately, counted in its journal as a rollout would have counted it.
//
// Window:  the last minute, ten minutes or hour: the shortest in which there is enough, since traffic changes.
// Left out: requests that chose their version, and faults of callers: a rollout does not count them. Whether answers
//          were finite is not in the journal.
// Cost:    one pass over the records of the window, some tenths of a microsecond each.
// Threads: any; blocks on the disk.
#pragma once

#include <chrono>
#include <string>

#include "journal/journal.h"
#include "rollout/gates/evidence.h"

namespace modelyard::control {

struct RecentTraffic {
  static constexpr std::uint64_t kEnough = 200;

  std::chrono::seconds window{0};
  std::uint64_t requests = 0;
  rollout::ArmEvidence answers;

  double per_second() const { return static_cast<double>(requests) / static_cast<double>(window.count()); }
};

RecentTraffic recent_traffic(journal::Journal& journal, const std::string& endpoint, UtcTime now);

}  // namespace modelyard::control
