// AnswerEvidence is what became known of single answers after they were given, by the arms and steps of a rollout.
//
// Counts:  answers that a plan of this rollout sent to an arm, and that the arm's own version gave: neither fall-backs nor
//          versions that callers chose.
// Steps:   those of one share are one, since the plan in the record of a prediction tells no more. So are all times at
//          which a bandit had one weight.
// Users:   are told apart by what the rollout sticks to: the unit, or the principal; without it each prediction is one.
// Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/predictions/evaluator.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/gates/evidence.h"

namespace modelyard::control {

// Under which name it is counted whether a labelled answer was right.
inline constexpr std::string_view kAccuracy = "accuracy";

class AnswerEvidence {
 public:
  // The rollout and the catalog outlive it.
  AnswerEvidence(const Rollout& rollout, registry::Catalog& catalog) : rollout_(rollout), catalog_(catalog) {}

  // Whether it counts, and nothing is known against the value: rollout::add_metric().
  Result<bool> add(const AnswerOrigin& answer, std::string_view metric, double value);
  rollout::Evidence take() { return std::move(evidence_); }

 private:
  std::optional<int> step_of(registry::Revision plan);
  std::uint64_t unit_hash(const AnswerOrigin& answer) const;

  const Rollout& rollout_;
  registry::Catalog& catalog_;
  std::map<registry::Revision, std::optional<int>> steps_;  // by plan; none: not one of this rollout
  rollout::Evidence evidence_;
};

// Whether captured predictions keep the value of this header.
bool names_captured_unit(std::string_view header);

// What of a rollout is judged by labels: gates, and the reward of a bandit, as verdicts name them.
std::vector<std::string> judged_by_labels(const rollout::RolloutSpec& spec, std::span<const rollout::Gate> gates);

// Whether labels could say something: the endpoint captures answers of classes, and whom they are about.
// FailedPrecondition with what to do.
Status check_labels_can_come(registry::CatalogReader& reader, const registry::EndpointRecord& endpoint,
                             const rollout::RolloutSpec& spec);

}  // namespace modelyard::control
