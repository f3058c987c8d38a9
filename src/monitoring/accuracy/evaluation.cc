#include "monitoring/accuracy/evaluation.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "base/nearest_name.h"
#include "monitoring/accuracy/judged_outputs.h"

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::Signature;
using inference::TensorSpec;

constexpr std::size_t kMostClasses = 1000;
constexpr std::array<std::string_view, 5> kTaskNames{"binary", "multiclass", "regression", "ranking", "value"};

Result<Task> parse_task(const std::string& text) {
  for (std::size_t i = 0; i < kTaskNames.size(); ++i) {
    if (kTaskNames[i] == text) return static_cast<Task>(i);
  }
  const auto nearest = nearest_name(text, std::vector<std::string>(kTaskNames.begin(), kTaskNames.end()));
  return error(Code::kInvalidArgument, "evaluation.task: '{}' is none of {}{}", text, fmt::join(kTaskNames, ", "),
               nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

Result<std::string> parse_class(const Json& value) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value.get<std::string>();
  if (value.is_boolean()) return std::string(value.get<bool>() ? "1" : "0");
  if (value.is_number_integer()) return value.dump();  // with all its digits
  if (value.is_number()) return class_text(value.get<double>());
  return error(Code::kInvalidArgument, "evaluation: a class is a text or a number, not {}", value.dump());
}

Result<std::vector<std::string>> parse_classes(const Json* list) {
  std::vector<std::string> classes;
  if (list == nullptr) return classes;
  if (list->size() < 2 || list->size() > kMostClasses) {
    return error(Code::kInvalidArgument, "evaluation.classes: expected 2 to {} of them", kMostClasses);
  }
  for (const Json& one : *list) {
    MODELYARD_ASSIGN(std::string name, parse_class(one));
    if (std::ranges::find(classes, name) != classes.end()) {
      return error(Code::kInvalidArgument, "evaluation.classes: '{}' comes twice", name);
    }
    classes.push_back(std::move(name));
  }
  return classes;
}

Result<double> read_share(ObjectReader& fields, std::string_view key, double otherwise) {
  MODELYARD_ASSIGN(const auto given, fields.optional_number(key));
  const double share = given.value_or(otherwise);
  if (share >= 0 && share <= 1) return share;
  return error(Code::kInvalidArgument, "evaluation.{}: {} is not from 0 to 1", key, share);
}

bool is_float(DataType type) {
  return type == DataType::kFp16 || type == DataType::kBf16 || type == DataType::kFp32 || type == DataType::kFp64;
}

// Of one row; nullopt when the signature does not say.
std::optional<std::int64_t> columns_of(const TensorSpec& spec) {
  std::int64_t columns = 1;
  for (std::size_t i = 1; i < spec.shape.size(); ++i) {
    if (spec.shape[i] < 0) return std::nullopt;
    columns *= spec.shape[i];
  }
  return columns;
}

bool is_scores(const TensorSpec& spec) {
  return is_float(spec.type) && columns_of(spec).value_or(2) > 1;
}
bool is_single_number(const TensorSpec& spec) {
  return is_float(spec.type) && columns_of(spec) == 1;
}
bool is_class(const TensorSpec& spec) {
  return !is_float(spec.type) && columns_of(spec) == 1;
}

// The only output of its kind; "" without one, or with several.
std::string only_output(const Signature& signature, bool (*is_one)(const TensorSpec&)) {
  std::string found;
  for (const TensorSpec& spec : signature.outputs) {
    if (!is_one(spec)) continue;
    if (!found.empty()) return "";
    found = spec.name;
  }
  return found;
}

std::optional<Task> suggested_task(const Evaluation& evaluation, const Signature& signature) {
  if (!evaluation.positive.empty() || evaluation.classes.size() == 2) return Task::kBinary;
  const bool has_single_scores = !evaluation.score.empty();
  const std::string scores = has_single_scores ? evaluation.score : only_output(signature, is_scores);
  if (!scores.empty()) {
    if (find_column(signature, scores)) return Task::kBinary;
    const auto place = signature.find_output(scores);
    return place && columns_of(signature.outputs[*place]).value_or(3) <= 2 ? Task::kBinary : Task::kMulticlass;
  }
  if (!evaluation.classes.empty() || !only_output(signature, is_class).empty()) return Task::kMulticlass;
  if (!evaluation.prediction.empty() || !only_output(signature, is_single_number).empty()) return Task::kRegression;
  return std::nullopt;
}

// Without their names they are 0 and 1.
Status check_two_classes(const Evaluation& evaluation) {
  const std::string& positive = evaluation.positive;
  const auto size = evaluation.classes.size();
  if (size == 2 || (size == 0 && (positive.empty() || positive == "0" || positive == "1"))) return ok();
  return error(Code::kFailedPrecondition,
               "evaluation.classes: a binary task has two: say them in the order of the score's columns, like "
               "classes='[\"no\", \"yes\"]'");
}

void suggest_outputs(Evaluation& evaluation, const Signature& signature) {
  const auto suggest = [&](std::string& name, bool (*is_one)(const TensorSpec&)) {
    if (name.empty()) name = only_output(signature, is_one);
  };
  switch (*evaluation.task) {
    case Task::kBinary:
      suggest(evaluation.score, is_scores);
      if (evaluation.score.empty()) suggest(evaluation.score, is_single_number);
      suggest(evaluation.prediction, is_class);
      break;
    case Task::kMulticlass:
      suggest(evaluation.score, is_scores);
      suggest(evaluation.prediction, is_class);
      break;
    case Task::kRegression: suggest(evaluation.prediction, is_single_number); break;
    case Task::kRanking: suggest(evaluation.score, is_single_number); break;
    case Task::kValue: break;
  }
}

}  // namespace

std::string_view task_name(Task task) {
  return kTaskNames[static_cast<std::size_t>(task)];
}

std::string class_text(double number) {
  return fmt::format("{}", number == 0 ? 0.0 : number);
}

Result<Evaluation> parse_evaluation(const Json& value) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "evaluation"));
  Evaluation evaluation;
  MODELYARD_ASSIGN(const auto task, fields.optional_string("task"));
  if (task) {
    MODELYARD_ASSIGN(evaluation.task, parse_task(*task));
  }
  MODELYARD_ASSIGN(const auto prediction, fields.optional_string("prediction"));
  MODELYARD_ASSIGN(const auto score, fields.optional_string("score"));
  evaluation.prediction = prediction.value_or("");
  evaluation.score = score.value_or("");
  MODELYARD_ASSIGN(const Json* const classes, fields.optional_array("classes"));
  MODELYARD_ASSIGN(evaluation.classes, parse_classes(classes));
  if (const Json* const positive = fields.optional_any("positive")) {
    MODELYARD_ASSIGN(evaluation.positive, parse_class(*positive));
  }
  MODELYARD_ASSIGN(evaluation.threshold, read_share(fields, "threshold", evaluation.threshold));
  MODELYARD_ASSIGN(evaluation.quantile, read_share(fields, "quantile", evaluation.quantile));
  MODELYARD_ASSIGN(evaluation.coverage, read_share(fields, "coverage", evaluation.coverage));
  MODELYARD_ASSIGN(const auto cutoff, fields.optional_integer("cutoff"));
  if (cutoff && *cutoff < 1) return error(Code::kInvalidArgument, "evaluation.cutoff: {} is not 1, 2, 3…", *cutoff);
  evaluation.cutoff = static_cast<std::size_t>(cutoff.value_or(0));
  MODELYARD_TRY(fields.finish());
  const auto& names = evaluation.classes;
  if (!names.empty() && !evaluation.positive.empty() && std::ranges::find(names, evaluation.positive) == names.end()) {
    return error(Code::kInvalidArgument, "evaluation.positive: '{}' is none of the classes {}", evaluation.positive,
                 fmt::join(names, ", "));
  }
  return evaluation;
}

Json to_json(const Evaluation& evaluation) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"task", evaluation.task ? Json(task_name(*evaluation.task)) : Json(nullptr)},
          {"prediction", or_null(evaluation.prediction)},
          {"score", or_null(evaluation.score)},
          {"classes", evaluation.classes},
          {"positive", or_null(evaluation.positive)},
          {"threshold", evaluation.threshold},
          {"quantile", evaluation.quantile},
          {"cutoff", evaluation.cutoff},
          {"coverage", evaluation.coverage}};
}

Result<Evaluation> complete(Evaluation evaluation, const Signature& signature) {
  for (const auto& [field, name] :
       {std::pair("prediction", &evaluation.prediction), std::pair("score", &evaluation.score)}) {
    if (name->empty() || signature.find_output(*name) || find_column(signature, *name)) continue;
    std::vector<std::string_view> outputs;
    for (const TensorSpec& spec : signature.outputs) outputs.push_back(spec.name);
    return error(Code::kFailedPrecondition, "evaluation.{}: there is no output '{}'; there are {}", field, *name,
                 fmt::join(outputs, ", "));
  }
  if (!evaluation.task) evaluation.task = suggested_task(evaluation, signature);
  if (evaluation.task == Task::kBinary) MODELYARD_TRY(check_two_classes(evaluation));
  if (evaluation.task) suggest_outputs(evaluation, signature);
  const bool is_told = evaluation.task && (*evaluation.task == Task::kValue || !evaluation.score.empty() ||
                                           (!evaluation.prediction.empty() && *evaluation.task != Task::kRanking));
  if (is_told) return evaluation;
  return error(Code::kFailedPrecondition,
               "the outputs do not tell how to judge them: say task, and prediction or score, with "
               "modelyard evaluate ENDPOINT task=… score=…");
}

}  // namespace modelyard::monitoring
