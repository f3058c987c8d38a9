#include "control/predictions/label_types.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "control/models/version_names.h"

namespace modelyard::control {
namespace {

using monitoring::Evaluation;
using monitoring::Task;

// nullopt where it is none, or where digits would be lost.
std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (std::isfinite(number) && std::abs(number) < journal::kLabelNumbersEnd) return number;
  return std::nullopt;
}

// "007", "-01"
bool has_leading_zeros(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

bool is_of_numbers(Task task) {
  return task == Task::kRegression || task == Task::kRanking || task == Task::kValue;
}

Result<std::optional<inference::Signature>> newest_signature(registry::CatalogReader& reader,
                                                             const std::string& model) {
  std::optional<inference::Signature> newest;
  MODELYARD_TRY(for_each_signature(reader, model, [&](const inference::Signature& signature) { newest = signature; }));
  return newest;
}

}  // namespace

LabelTypes::LabelTypes(const Evaluation& evaluation, const inference::Signature* newest) : names_(evaluation.classes) {
  Evaluation judged = evaluation;
  if (newest != nullptr) {
    if (const auto completed = monitoring::complete(evaluation, *newest)) judged = *completed;
  }
  if (judged.task && is_of_numbers(*judged.task)) {
    means_ = Means::kNumbers;
    return;
  }
  const auto place = newest == nullptr ? std::nullopt : newest->find_output(judged.prediction);
  if (place) {
    const bool are_texts = newest->outputs[*place].type == inference::DataType::kBytes;
    means_ = are_texts ? Means::kTexts : Means::kNumbers;
  } else if (judged.task) {
    means_ = Means::kNumbers;  // classes are places of a score's columns, or 0 and 1
  }
}

Result<LabelTypes> LabelTypes::read(registry::CatalogReader& reader, const std::string& endpoint) {
  MODELYARD_ASSIGN(const auto record, reader.endpoint(endpoint));
  MODELYARD_ASSIGN(const Json document, parse_json(record.wants.evaluation));
  MODELYARD_ASSIGN(const auto evaluation, monitoring::parse_evaluation(document));
  MODELYARD_ASSIGN(const auto newest, newest_signature(reader, record.model));
  return LabelTypes(evaluation, newest ? &*newest : nullptr);
}

journal::LabelValue LabelTypes::value_of(const std::string& text) const {
  if (std::ranges::find(names_, text) != names_.end()) return text;
  if (means_ == Means::kTexts && names_.empty()) return text;
  const auto number = number_of(text);
  if (!number || (means_ == Means::kUnknown && has_leading_zeros(text))) return text;
  return *number;
}

}  // namespace modelyard::control
