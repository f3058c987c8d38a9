#include "monitoring/accuracy/judged_rows.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "inference/element.h"

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::TensorView;

constexpr std::size_t kMostClasses = 1000;

const TensorView* find(std::span<const TensorView> outputs, const std::string& name) {
  const auto found = std::ranges::find(outputs, name, &TensorView::name);
  return found == outputs.end() ? nullptr : &*found;
}

std::size_t elements_of(const TensorView& tensor) {
  std::size_t elements = 1;
  for (const std::int64_t dim : tensor.shape) elements *= static_cast<std::size_t>(std::max<std::int64_t>(0, dim));
  return elements;
}

Result<std::vector<double>> numbers_of(const TensorView& tensor) {
  const std::size_t width = inference::element_bytes(tensor.type);
  if (width == 0 || elements_of(tensor) * width != tensor.bytes.size()) {
    return error(Code::kInvalidArgument, "output '{}' was not kept as numbers", tensor.name);
  }
  std::vector<double> numbers;
  for (std::size_t at = 0; at < tensor.bytes.size(); at += width) {
    numbers.push_back(inference::number_at(tensor.type, tensor.bytes.data() + at));
  }
  return numbers;
}

template <typename Whole>
std::vector<std::string> digits_of(const TensorView& tensor) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at + sizeof(Whole) <= tensor.bytes.size(); at += sizeof(Whole)) {
    Whole number{};
    std::memcpy(&number, tensor.bytes.data() + at, sizeof number);
    texts.push_back(std::to_string(number));
  }
  return texts;
}

// Whole numbers as texts, where one of them has lost digits as a double; nothing elsewhere.
std::vector<std::string> lost_digits(const TensorView& tensor, std::span<const double> numbers) {
  if (std::ranges::none_of(numbers, [](double number) { return std::abs(number) >= 0x1p53; })) return {};
  if (tensor.type == DataType::kInt64) return digits_of<std::int64_t>(tensor);
  return tensor.type == DataType::kUint64 ? digits_of<std::uint64_t>(tensor) : std::vector<std::string>();
}

std::string text_of(const Truth& truth) {
  if (const auto* const text = std::get_if<std::string>(&truth)) return *text;
  return class_text(std::get<double>(truth));
}

// Of a class, where a number was said; NaN of a text.
double place_of(const Truth& truth) {
  const auto* const number = std::get_if<double>(&truth);
  return number ? *number : std::nan("");
}

Result<double> number_of(const Truth& truth) {
  if (const auto* const number = std::get_if<double>(&truth)) return *number;
  const std::string& text = std::get<std::string>(truth);
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size() && std::isfinite(number)) return number;
  return error(Code::kInvalidArgument, "the label '{}' is no number", text);
}

}  // namespace

Result<ReadOutputs> ReadOutputs::read(const Evaluation& evaluation, std::span<const TensorView> outputs,
                                      std::size_t rows) {
  ReadOutputs read;
  read.rows_ = rows;
  if (const TensorView* const scores = find(outputs, evaluation.score); scores != nullptr) {
    MODELYARD_ASSIGN(read.scores_, numbers_of(*scores));
    if (rows == 0 || read.scores_.empty() || read.scores_.size() % rows != 0) {
      return error(Code::kInvalidArgument, "output '{}' has no whole number of scores for each of {} rows",
                   evaluation.score, rows);
    }
    read.columns_ = read.scores_.size() / rows;
  }
  if (const TensorView* const predicted = find(outputs, evaluation.prediction); predicted != nullptr) {
    if (predicted->type == DataType::kBytes) {
      inference::for_each_bytes_element(predicted->bytes, [&](std::string_view one) { read.texts_.emplace_back(one); });
    } else {
      MODELYARD_ASSIGN(read.numbers_, numbers_of(*predicted));
      read.texts_ = lost_digits(*predicted, read.numbers_);
    }
    if (std::max(read.numbers_.size(), read.texts_.size()) != rows) {
      return error(Code::kInvalidArgument, "output '{}' has not one value for each of {} rows", evaluation.prediction,
                   rows);
    }
  }
  if (read.columns_ == 0 && !read.has_predicted() && evaluation.task != Task::kValue) {
    return error(Code::kInvalidArgument, "the output '{}' was not captured",
                 evaluation.score.empty() ? evaluation.prediction : evaluation.score);
  }
  return read;
}

JudgedRows::JudgedRows(Evaluation evaluation)
    : evaluation_(std::move(evaluation)), are_named_(!evaluation_.classes.empty()), classes_(evaluation_.classes) {
  if (evaluation_.task != Task::kBinary) return;
  if (!are_named_) classes_ = {"0", "1"};
  if (classes_.front() != evaluation_.positive) return;
  std::swap(classes_.front(), classes_.back());
  positive_column_ = 0;
}

// Many models answer the place of the class where people say its name.
Result<double> JudgedRows::binary_class(const std::string& name, double number) const {
  if (name == classes_[1]) return 1;
  if (name == classes_[0]) return 0;
  if (are_named_ && (number == 0 || number == 1)) {
    return number == static_cast<double>(positive_column_) ? 1 : 0;
  }
  if (!are_named_ && (name == "true" || name == "false")) return (name == "true") == (classes_[1] == "1") ? 1 : 0;
  return error(Code::kInvalidArgument,
               "'{}' is neither '{}' nor '{}'; `modelyard evaluate` says which classes there are", name, classes_[0],
               classes_[1]);
}

Status JudgedRows::add_binary(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs, std::size_t place) {
  if (outputs.columns() > 2) {
    return error(Code::kInvalidArgument, "output '{}' has {} columns: two classes have one or two", evaluation_.score,
                 outputs.columns());
  }
  if (!rows_.empty() && std::isnan(rows_.front().score) != (outputs.columns() == 0)) {
    return error(Code::kInvalidArgument, "the output '{}' was captured of some predictions only", evaluation_.score);
  }
  MODELYARD_ASSIGN(row.truth, binary_class(text_of(truth), place_of(truth)));
  if (outputs.columns() == 0) {
    MODELYARD_ASSIGN(row.predicted, binary_class(outputs.text(place), outputs.number(place)));
    return ok();
  }
  row.score = outputs.scores(place)[outputs.columns() == 2 ? positive_column_ : 0];
  if (!std::isfinite(row.score)) return error(Code::kInvalidArgument, "the score of the answer is {}", row.score);
  row.predicted = row.score >= evaluation_.threshold ? 1 : 0;
  return ok();
}

Result<std::size_t> JudgedRows::class_number(const std::string& text, double number) {
  const auto found = std::ranges::find(classes_, text);
  if (found != classes_.end()) return static_cast<std::size_t>(found - classes_.begin());
  const bool is_place = number >= 0 && number < static_cast<double>(classes_.size()) && std::trunc(number) == number;
  if (are_named_ && is_place) return static_cast<std::size_t>(number);
  if (are_named_ || columns_ > 0 || classes_.size() == kMostClasses) {
    return error(Code::kInvalidArgument,
                 "'{}' is none of the {} classes that are known; `modelyard evaluate` says which there are", text,
                 classes_.size());
  }
  classes_.push_back(text);
  return classes_.size() - 1;
}

Status JudgedRows::add_multiclass(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs, std::size_t place) {
  const auto scores = outputs.scores(place);
  if (!std::ranges::all_of(scores, [](double score) { return std::isfinite(score); })) {
    return error(Code::kInvalidArgument, "a score of the answer is no number");
  }
  const bool has_other_columns = columns_ > 0 && scores.size() != columns_;
  if (has_other_columns || scores.size() > kMostClasses || (are_named_ && scores.size() > classes_.size())) {
    return error(Code::kInvalidArgument, "output '{}' has {} columns, where {} classes are known", evaluation_.score,
                 scores.size(), columns_ > 0 ? columns_ : classes_.size());
  }
  if (columns_ == 0 && !scores.empty()) {
    if (!rows_.empty()) return error(Code::kInvalidArgument, "other predictions had no output '{}'", evaluation_.score);
    columns_ = scores.size();
    for (std::size_t i = classes_.size(); i < columns_; ++i) classes_.push_back(class_text(static_cast<double>(i)));
  }
  if (columns_ > 0 && scores.empty()) {
    return error(Code::kInvalidArgument, "the output '{}' was not captured", evaluation_.score);
  }
  MODELYARD_ASSIGN(const std::size_t true_class, class_number(text_of(truth), place_of(truth)));
  std::size_t predicted = 0;
  if (outputs.has_predicted()) {
    MODELYARD_ASSIGN(predicted, class_number(outputs.text(place), outputs.number(place)));
  } else {
    predicted = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
  }
  row.truth = static_cast<double>(true_class);
  row.predicted = static_cast<double>(predicted);
  row.probabilities = probabilities_.size();
  probabilities_.insert(probabilities_.end(), scores.begin(), scores.end());
  return ok();
}

Status JudgedRows::add_numeric(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs,
                               std::size_t place) const {
  MODELYARD_ASSIGN(row.truth, number_of(truth));
  const bool is_ranking = evaluation_.task == Task::kRanking;
  double& answer = is_ranking ? row.score : row.predicted;
  if (outputs.has_predicted() && !is_ranking) {
    answer = outputs.number(place);
  } else if (outputs.columns() == 1) {
    answer = outputs.scores(place).front();
  }
  // Squares of squares of them have to stay numbers.
  constexpr double kMostNumber = 1e15;
  if (std::abs(row.truth) > kMostNumber || std::abs(answer) > kMostNumber) {
    return error(Code::kInvalidArgument, "{} is beyond {}", std::abs(row.truth) > kMostNumber ? row.truth : answer,
                 kMostNumber);
  }
  if (is_ranking && row.truth < 0) return error(Code::kInvalidArgument, "the relevance {} is below zero", row.truth);
  if (std::isfinite(answer) || evaluation_.task == Task::kValue) return ok();
  return error(Code::kInvalidArgument, "the answer is no number");
}

Status JudgedRows::add(JudgedRow row, const Truth& truth, const ReadOutputs& outputs, std::size_t place) {
  if (place >= outputs.rows()) {
    return error(Code::kInvalidArgument, "the label is of row {}, the prediction has {} (they count from 0)", place,
                 outputs.rows());
  }
  switch (*evaluation_.task) {
    case Task::kBinary: MODELYARD_TRY(add_binary(row, truth, outputs, place)); break;
    case Task::kMulticlass: MODELYARD_TRY(add_multiclass(row, truth, outputs, place)); break;
    default: MODELYARD_TRY(add_numeric(row, truth, outputs, place));
  }
  rows_.push_back(row);
  return ok();
}

}  // namespace modelyard::monitoring
