// Evaluation says how the predictions of an endpoint are judged by the labels that come for them: what kind of answer
// they are, in which outputs it stands, and from where on a probability means yes.
//
// Classes are texts; a class that is a number is written the shortest way ("1"), so that 1, 1.0 and "1" are one class.
// Errors: parse_evaluation() answers InvalidArgument naming the field; complete() answers FailedPrecondition when the
//         outputs do not tell how they are meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "inference/signature.h"

namespace modelyard::monitoring {

enum class Task {
  kBinary,      // a probability, or one of two classes
  kMulticlass,  // one of several classes
  kRegression,  // a number
  kRanking,     // a score for each row of a request; the rows are put in its order
  kValue,       // none of the outputs: the label is a number that the prediction brought, for instance money
};
std::string_view task_name(Task task);

struct Evaluation {
  std::optional<Task> task;  // none: as the outputs suggest
  // Outputs, or columns of them: OUTPUT.FEATURE.
  std::string prediction;            // with the class or the number; "": none, or as the outputs suggest
  std::string score;                 // with probabilities, or the ranking's scores; "" likewise
  std::vector<std::string> classes;  // of the columns of `score`; empty: 0, 1, 2…
  std::string positive;              // of two classes; "": the last
  double threshold = 0.5;            // from here on a probability means the positive class
  double quantile = 0.5;             // of the regression's quantile loss
  std::size_t cutoff = 0;            // of NDCG; 0: all rows
  double coverage = 0.8;             // labelled share from which on metrics are no longer provisional

  friend bool operator==(const Evaluation&, const Evaluation&) = default;
};

// {"task", "prediction", "score", "classes", "positive", "threshold", "quantile", "cutoff", "coverage"}; what is not
// named has its default.
Result<Evaluation> parse_evaluation(const Json& value);
Json to_json(const Evaluation& evaluation);

// With the task and the outputs that were left open, as the names and shapes of the outputs suggest them:
// whole numbers or texts beside probabilities are classes, a single column of numbers is a regression.
Result<Evaluation> complete(Evaluation evaluation, const inference::Signature& signature);

// "1" of 1.0, "0.25", "yes".
std::string class_text(double number);

}  // namespace modelyard::monitoring
