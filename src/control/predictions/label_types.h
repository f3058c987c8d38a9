// LabelTypes says what a value means that came without a type, like 007 in a line of CSV: a number, or a text. The
// endpoint decides, not how the value looks.
//
//   classes are named          one of the names is that text; another one is a number where it reads as one (a place)
//   numbers are predicted      a number where it reads as one; so for the tasks regression, ranking and value, and for
//                              classes that the model answers as numbers
//   texts are predicted        a text
//   nobody can say (yet)       a number only where its digits are written as numbers are: 7, not 007
//
// What is not below 2^53 stays a text, with all its digits.
// Threads: pure, but read().
#pragma once

#include "inference/signature.h"
#include "journal/ground_truth/label.h"
#include "monitoring/accuracy/evaluation.h"
#include "registry/catalog.h"

namespace modelyard::control {

class LabelTypes {
 public:
  LabelTypes() = default;  // nobody can say
  // `newest`: of the versions of its model; null without one.
  LabelTypes(const monitoring::Evaluation& evaluation, const inference::Signature* newest);
  // Of an endpoint; NotFound.
  static Result<LabelTypes> read(registry::CatalogReader& reader, const std::string& endpoint);

  journal::LabelValue value_of(const std::string& text) const;

 private:
  enum class Means { kUnknown, kNumbers, kTexts };

  Means means_ = Means::kUnknown;
  std::vector<std::string> names_;  // of classes
};

}  // namespace modelyard::control
