// LabelledEvidence counts how often the arms of a rollout were right, by what labels say of captured answers.
//
// Counts:  answers that a plan of this rollout sent to an arm, and that the arm's own version gave: neither fall-backs nor
//          versions that callers chose.
// Steps:   those of one share are one, since the plan in the record of a prediction tells no more.
// Users:   are told apart by what the rollout sticks to: the unit, or the principal; without it each prediction is one.
// Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "control/predictions/evaluator.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/gates/evidence.h"

namespace modelyard::control {

class LabelledEvidence {
 public:
  // The rollout and the catalog outlive it.
  LabelledEvidence(const Rollout& rollout, registry::Catalog& catalog) : rollout_(rollout), catalog_(catalog) {}

  void add(const JudgedAnswer& answer);
  rollout::Evidence take() { return std::move(evidence_); }

 private:
  std::optional<int> step_of(registry::Revision plan);
  std::uint64_t unit_hash(const JudgedAnswer& answer) const;

  const Rollout& rollout_;
  registry::Catalog& catalog_;
  std::map<registry::Revision, std::optional<int>> steps_;  // by plan; none: not one of this rollout
  rollout::Evidence evidence_;
};

// Whether a gate wants labels.
bool wants_labels(std::span<const rollout::Gate> gates);

// Whether labels could say something: the endpoint captures answers of classes, and whom they are about.
// FailedPrecondition with what to do.
Status check_labels_can_come(registry::CatalogReader& reader, const registry::EndpointRecord& endpoint,
                             const rollout::RolloutSpec& spec);

}  // namespace modelyard::control
