#include "control/predictions/evaluator.h"

#include <fmt/ranges.h>

#include <set>

#include "control/models/version_names.h"
#include "control/predictions/accuracy_join.h"

namespace modelyard::control {

Status check_evaluation(registry::CatalogReader& reader, const std::string& model,
                        const monitoring::Evaluation& evaluation) {
  if (evaluation.prediction.empty() && evaluation.score.empty()) return ok();
  MODELYARD_ASSIGN(const std::set<std::string> known, names_of_versions(reader, model, NamesOf::kOutputs));
  if (known.empty()) return ok();  // nothing is published yet
  for (const auto& [field, name] :
       {std::pair("prediction", evaluation.prediction), std::pair("score", evaluation.score)}) {
    if (name.empty() || known.contains(name)) continue;
    return error(Code::kInvalidArgument, "evaluation.{}: no version of model '{}' has an output '{}'; it has {}", field,
                 model, name, fmt::join(known, ", "));
  }
  return ok();
}

Result<AccuracyReport> Evaluator::evaluate(const AccuracyQuery& query) {
  AccuracyJoin join(query, AccuracyJoin::Wanted::kAll);
  MODELYARD_TRY(join.read({catalog_, journal_, payloads_, labels_}));
  return join.report();
}

Status Evaluator::visit(const AccuracyQuery& query, const Evaluator::Judged& to) {
  AccuracyJoin join(query, AccuracyJoin::Wanted::kLabelled);
  MODELYARD_TRY(join.read({catalog_, journal_, payloads_, labels_}));
  return join.visit(to);
}

void withhold_what_shows_rows(AccuracyReport& report) {
  report.unreadable_why.clear();
  for (AccuracyPart& part : report.parts) {
    part.is_withheld = part.metrics.rows > 0 && part.metrics.rows < AccuracyPart::kFewestShown;
    if (!part.is_withheld) continue;
    part.metrics.list.clear();
    part.metrics.classes.clear();
    part.metrics.confusion.clear();
    part.metrics.reliability.clear();
  }
}

}  // namespace modelyard::control
