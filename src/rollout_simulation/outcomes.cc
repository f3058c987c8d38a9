#include "rollout_simulation/outcomes.h"

#include <algorithm>

#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {
namespace {

Json quantiles_of(std::vector<std::int64_t> seconds) {
  std::ranges::sort(seconds);
  const auto at = [&](double share) {
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1) + 0.5)];
  };
  return {{"p10", at(0.1)}, {"p50", at(0.5)}, {"p90", at(0.9)}};
}

}  // namespace

void Outcomes::add(const SimulatedCourse& course) {
  ++runs_;
  const std::string outcome(outcome_of(course));
  ++counts_[outcome];
  if (course.decision) decisions_[outcome].push_back(course.decision->count());
  if (course.state.fired) ++fired_[course.state.fired->gate];
  served_.requests += course.served.requests;
  served_.candidate_requests += course.served.candidate_requests;
  served_.faults += course.served.faults;
  served_.candidate_faults += course.served.candidate_faults;
}

Json Outcomes::document() const {
  constexpr double kAlpha = 0.05;
  Json outcomes = Json::object();
  for (const Ending ending : {Ending::kPromoted, Ending::kRejected, Ending::kInconclusive, Ending::kAborted}) {
    const std::string name(ending_name(ending));
    const std::uint64_t runs = counts_.contains(name) ? counts_.at(name) : 0;
    const statistics::Share share{runs, runs_};
    const auto interval = statistics::wilson_interval(share, kAlpha);
    MODELYARD_CHECK(interval.has_value(), "there are runs");
    outcomes[name] = {{"runs", runs}, {"share", share.value()}, {"low", interval->low}, {"high", interval->high}};
    if (decisions_.contains(name)) outcomes[name]["decision_seconds"] = quantiles_of(decisions_.at(name));
  }
  const auto mean = [&](std::uint64_t sum) { return static_cast<double>(sum) / static_cast<double>(runs_); };
  return {{"runs", runs_},
          {"outcomes", std::move(outcomes)},
          {"fired", fired_},
          {"mean",
           {{"requests", mean(served_.requests)},
            {"candidate_requests", mean(served_.candidate_requests)},
            {"faults", mean(served_.faults)},
            {"candidate_faults", mean(served_.candidate_faults)}}}};
}

}  // namespace modelyard::rollout
