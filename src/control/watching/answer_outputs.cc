#include "control/watching/answer_outputs.h"

#include <algorithm>

#include "monitoring/accuracy/judged_outputs.h"
#include "monitoring/profile/tensor_profiler.h"

namespace modelyard::control {

using monitoring::Evaluation;
using monitoring::Task;

namespace {

// An output that is called as an input is "NAME (output)" in a profile.
std::string name_in_profile(const inference::Signature& signature, std::string name) {
  const auto has = [&](const inference::TensorSpec& spec) {
    const auto names = monitoring::column_names(spec);
    return std::ranges::find(names, name) != names.end();
  };
  return std::ranges::any_of(signature.inputs, has) ? name + " (output)" : name;
}

// The negative one first.
std::vector<std::string> two_classes(const Evaluation& evaluation) {
  std::vector<std::string> names = evaluation.classes;
  if (names.size() != 2) names = {"0", "1"};
  if (evaluation.positive == names.front()) std::swap(names.front(), names.back());
  return names;
}

}  // namespace

Result<AnswerOutputs> answer_outputs(registry::Catalog& catalog, const registry::EndpointRecord& endpoint,
                                     const VersionRef& version) {
  AnswerOutputs outputs{{}, Evaluation()};
  MODELYARD_TRY(catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto record, reader.version(version));
    MODELYARD_ASSIGN(outputs.signature, inference::parse_signature(record.document.signature));
    MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.evaluation));
    MODELYARD_ASSIGN(const Evaluation evaluation, monitoring::parse_evaluation(document));
    outputs.evaluation = monitoring::complete(evaluation, outputs.signature);
    return ok();
  }));
  return outputs;
}

std::string score_feature(const Evaluation& evaluation, const inference::Signature& signature) {
  if (evaluation.task != Task::kBinary || evaluation.score.empty()) return "";
  if (const auto column = monitoring::find_column(signature, evaluation.score)) {
    return name_in_profile(signature, signature.outputs[column->output].features[column->column]);
  }
  const auto place = signature.find_output(evaluation.score);
  if (!place) return "";
  const inference::TensorSpec& spec = signature.outputs[*place];
  const bool is_pair = spec.shape.size() > 1 && spec.shape.back() == 2;
  if (!is_pair) return name_in_profile(signature, spec.features.size() == 1 ? spec.features.front() : spec.name);
  const bool is_first = evaluation.classes.size() == 2 && evaluation.positive == evaluation.classes.front();
  const std::size_t column = is_first ? 0 : 1;
  return name_in_profile(signature,
                         spec.features.size() == 2 ? spec.features[column] : fmt::format("{}[{}]", spec.name, column));
}

Result<monitoring::AnsweredClasses> answered_classes(const Evaluation& evaluation,
                                                     const inference::Signature& signature) {
  if (evaluation.task != Task::kBinary && evaluation.task != Task::kMulticlass) {
    return error(Code::kFailedPrecondition, "its task is {}, which answers no classes: modelyard evaluate says so",
                 evaluation.task ? monitoring::task_name(*evaluation.task) : "not known");
  }
  if (!evaluation.prediction.empty()) {
    const auto place = signature.find_output(evaluation.prediction);
    const auto columns =
        place ? monitoring::column_names(signature.outputs[*place]) : std::vector<std::string>{evaluation.prediction};
    if (columns.size() == 1) {
      return monitoring::AnsweredClasses{name_in_profile(signature, columns.front()), evaluation.classes, std::nullopt};
    }
  }
  if (std::string feature = score_feature(evaluation, signature); !feature.empty()) {
    return monitoring::AnsweredClasses{std::move(feature), two_classes(evaluation), evaluation.threshold};
  }
  return error(
      Code::kFailedPrecondition,
      "the outputs have scores of several classes and no class: a profile keeps each score by itself, not which "
      "of a row was the highest; let the model answer the class, too");
}

}  // namespace modelyard::control
