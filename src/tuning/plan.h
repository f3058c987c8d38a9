// Chooses a plan from what was measured, and says why. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuning/grid.h"

namespace modelyard::tuning {

enum class Target {
  kThroughput,  // the most rows a second
  kLatency,     // the shortest runs that still answer half of that
};

std::string_view target_name(Target target);
std::optional<Target> parse_target(std::string_view name);

// Settings of an endpoint, by their names there.
struct Plan {
  int instances = 1;
  int intra_op_threads = 1;
  std::int64_t max_batch_size = 1;

  friend bool operator==(const Plan&, const Plan&) = default;
};

// Among cells that are as good as the best but for kLeastGain, the one with the fewest instances, then threads, then
// rows. Pre: there is a cell.
Plan choose(std::span<const Cell> cells, Target target);
// Plain sentences. Pre: `plan` was chosen from `cells`.
std::vector<std::string> explain(std::span<const Cell> cells, const Plan& plan, Target target);

}  // namespace modelyard::tuning
