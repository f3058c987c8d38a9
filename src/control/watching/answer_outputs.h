// Where the answers of an endpoint stand in its profiles, as its evaluation says.
//
// Errors:  those of the catalog; FailedPrecondition in words for people when the outputs do not say it.
// Threads: blocking, any.
#pragma once

#include <string>

#include "monitoring/accuracy/evaluation.h"
#include "monitoring/monitors/judge_answers.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct AnswerOutputs {
  inference::Signature signature;
  Result<monitoring::Evaluation> evaluation;  // completed by it
};

Result<AnswerOutputs> answer_outputs(registry::Catalog& catalog, const registry::EndpointRecord& endpoint,
                                     const VersionRef& version);

// The feature of a profile that has the probability of the positive class; "" when there is none.
std::string score_feature(const monitoring::Evaluation& evaluation, const inference::Signature& signature);

Result<monitoring::AnsweredClasses> answered_classes(const monitoring::Evaluation& evaluation,
                                                     const inference::Signature& signature);

}  // namespace modelyard::control
