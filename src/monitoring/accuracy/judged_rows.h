// JudgedRows are rows of predictions beside what really happened: what metrics are computed from.
//
// Classes are numbered as the evaluation names them, or as the columns of the score stand, or as they are met; of two
// classes the positive one is 1.
// Errors:  add() answers InvalidArgument, in words for people, when a label or an output cannot be read as the task
//          wants it; nothing is added then.
// Threads: one at a time.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "inference/tensor.h"
#include "monitoring/accuracy/evaluation.h"

namespace modelyard::monitoring {

using Truth = std::variant<double, std::string>;  // a number, or the name of a class

struct JudgedRow {
  std::int64_t time = 0;            // of the prediction, UTC microseconds
  std::uint64_t request = 0;        // rows of one request belong together in a ranking
  std::uint32_t segment = 0;        // as the caller numbers them
  double truth = 0;                 // the number, or the number of the class
  double predicted = std::nan("");  // likewise; NaN without one
  double score = std::nan("");      // of two classes: the probability of the positive one; of a ranking
  std::size_t probabilities = 0;    // of several classes: where the row's begin; they are `columns()`
};

// The outputs of one prediction as the evaluation reads them: they are taken apart once, not for each row.
class ReadOutputs {
 public:
  // `rows`: how many the request had; the outputs' first dimension when they have one.
  static Result<ReadOutputs> read(const Evaluation& evaluation, std::span<const inference::TensorView> outputs,
                                  std::size_t rows);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  bool has_predicted() const { return !numbers_.empty() || !texts_.empty(); }
  // Pre: has_predicted(). NaN where the output is a text.
  double number(std::size_t row) const { return numbers_.empty() ? std::nan("") : numbers_[row]; }
  // A whole number has all its digits.
  std::string text(std::size_t row) const { return texts_.empty() ? class_text(numbers_[row]) : texts_[row]; }
  std::span<const double> scores(std::size_t row) const { return std::span(scores_).subspan(row * columns_, columns_); }

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;  // of the score; 0 without one
  std::vector<double> scores_;
  std::vector<double> numbers_;
  std::vector<std::string> texts_;  // beside numbers where those have lost digits
};

class JudgedRows {
 public:
  // Pre: it is complete.
  explicit JudgedRows(Evaluation evaluation);

  // Time, request and segment of `row` are the caller's.
  Status add(JudgedRow row, const Truth& truth, const ReadOutputs& outputs, std::size_t place);

  const Evaluation& evaluation() const { return evaluation_; }
  std::span<const JudgedRow> rows() const { return rows_; }
  const std::vector<std::string>& classes() const { return classes_; }
  std::size_t columns() const { return columns_; }  // of probabilities of several classes; 0 without
  std::span<const double> probabilities(const JudgedRow& row) const {
    return std::span(probabilities_).subspan(row.probabilities, columns_);
  }

 private:
  Status add_binary(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs, std::size_t place);
  Status add_multiclass(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs, std::size_t place);
  Status add_numeric(JudgedRow& row, const Truth& truth, const ReadOutputs& outputs, std::size_t place) const;
  Result<double> binary_class(const std::string& name, double number) const;
  Result<std::size_t> class_number(const std::string& text, double number);

  const Evaluation evaluation_;
  const bool are_named_;  // the classes: by the evaluation
  std::vector<std::string> classes_;
  std::size_t positive_column_ = 1;  // of two
  std::size_t columns_ = 0;
  std::vector<JudgedRow> rows_;
  std::vector<double> probabilities_;
};

}  // namespace modelyard::monitoring
