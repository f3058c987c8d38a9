#include "rollout/machine/bandit_weights.h"

#include <algorithm>
#include <cstdlib>

namespace modelyard::rollout {
namespace {

constexpr int kParts = 10;

int shared_out(const Stage& stage) {
  return kWhole - 2 * stage.floor;
}

}  // namespace

std::vector<int> bandit_weights(const Stage& stage) {
  const int begin = stage.steps.front().weight;
  std::vector<int> weights{begin};
  for (int part = 0; part <= kParts; ++part) {
    const int weight = stage.floor + shared_out(stage) * part / kParts;
    if (weight != begin && weight != weights.back()) weights.push_back(weight);
  }
  return weights;
}

bool is_bandit_weight(const Stage& stage, int weight) {
  const std::vector<int> weights = bandit_weights(stage);
  return std::ranges::find(weights, weight) != weights.end();
}

int next_bandit_weight(const Stage& stage, int now, int asked) {
  if (4 * kParts * std::abs(asked - now) < 3 * shared_out(stage)) return now;
  return std::ranges::min(bandit_weights(stage), {}, [&](int weight) { return std::abs(weight - asked); });
}

std::chrono::seconds bandit_rest(const RolloutSpec& spec, const Stage& stage) {
  constexpr int kMovesInAHold = 100;
  return std::max(spec.tick, stage.steps.front().hold / kMovesInAHold);
}

}  // namespace modelyard::rollout
