#include "statistics/experiments/off_policy.h"

#include <algorithm>
#include <cmath>

#include "statistics/experiments/units.h"

namespace modelyard::statistics {
namespace {

Status check(std::span<const LoggedChoice> choices) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const LoggedChoice& choice = choices[i];
    const bool is_finite = std::isfinite(choice.reward + choice.modelled + choice.modelled_other);
    const bool is_chance = choice.propensity > 0 && choice.propensity <= 1 && choice.target >= 0 && choice.target <= 1;
    if (is_finite && is_chance) continue;
    return error(Code::kInvalidArgument, "row {}: expected finite rewards, a propensity in (0, 1], a target in [0, 1]",
                 i);
  }
  return ok();
}

double weight(const LoggedChoice& choice) {
  return choice.target / choice.propensity;
}

template <typename Part>
Result<MeanAndVariance> mean_of_parts(std::span<const LoggedChoice> choices, Part part) {
  MODELYARD_TRY(check(choices));
  if (choices.size() < 2) return error(Code::kFailedPrecondition, "fewer than two rows");
  PairMoments moments;
  for (const LoggedChoice& choice : choices) moments.add(0, part(choice));
  return moments.y();
}

}  // namespace

Result<MeanAndVariance> ips_estimate(std::span<const LoggedChoice> choices) {
  return mean_of_parts(choices, [](const LoggedChoice& choice) { return weight(choice) * choice.reward; });
}

Result<MeanAndVariance> snips_estimate(std::span<const LoggedChoice> choices) {
  MODELYARD_TRY(check(choices));
  PairMoments moments;
  for (const LoggedChoice& choice : choices) moments.add(weight(choice), weight(choice) * choice.reward);
  return unit_ratio(moments);
}

Result<MeanAndVariance> doubly_robust_estimate(std::span<const LoggedChoice> choices) {
  return mean_of_parts(choices, [](const LoggedChoice& choice) {
    return choice.modelled_other + weight(choice) * (choice.reward - choice.modelled);
  });
}

}  // namespace modelyard::statistics
