// Outcomes sums up many courses of one simulated rollout.
//
// Units:   shares from 0 to 1 with 95 % intervals (Wilson); times in seconds since the beginning.
// Threads: a value.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "rollout_simulation/simulation.h"

namespace modelyard::rollout {

class Outcomes {
 public:
  void add(const SimulatedCourse& course);

  std::uint64_t runs() const { return runs_; }
  // {"runs", "outcomes": {"promoted": {"runs", "share", "low", "high", "decision_seconds": {"p10", "p50", "p90"}?}, …},
  //  "fired": {GATE: runs}, "mean": {"requests", "candidate_requests", "faults", "candidate_faults"}}
  // Pre: runs() > 0.
  Json document() const;

 private:
  std::uint64_t runs_ = 0;
  std::map<std::string, std::vector<std::int64_t>> decisions_;  // by outcome
  std::map<std::string, std::uint64_t> counts_, fired_;
  Served served_;
};

}  // namespace modelyard::rollout
