// SettlingUnits keeps the units of the last seconds until all requests that came with them have been answered: before
// that, the slower version has fewer, and the split looks as if it were not the planned one.
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "control/rollouts/exposure_counter.h"

namespace modelyard::control {

class SettlingUnits {
 public:
  using Place = std::pair<std::int64_t, int>;  // rollout, step

  void add(const Place& place, const std::vector<ArrivedUnits>& units) {
    for (const ArrivedUnits& arrived : units) seconds_[place][arrived.second].merge(arrived.units);
  }
  // Those that came up to `second`, which it lets go.
  std::vector<std::pair<Place, rollout::UnitSample>> take(std::chrono::sys_seconds second) {
    std::vector<std::pair<Place, rollout::UnitSample>> settled;
    for (auto& [place, seconds] : seconds_) {
      const auto end = seconds.upper_bound(second);
      for (auto arrived = seconds.begin(); arrived != end; ++arrived) {
        settled.emplace_back(place, std::move(arrived->second));
      }
      seconds.erase(seconds.begin(), end);
    }
    return settled;
  }
  void forget(std::int64_t rollout) {
    std::erase_if(seconds_, [&](const auto& one) { return one.first.first == rollout; });
  }

 private:
  std::map<Place, std::map<std::chrono::sys_seconds, rollout::UnitSample>> seconds_;
};

}  // namespace modelyard::control
