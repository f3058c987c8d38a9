// How good the classes and the probabilities of a classifier are.
//
// Classes:   0 … K − 1. A class that occurs neither as truth nor as prediction is left out of averages.
// Values:    those of scikit-learn with zero_division = 0; log_loss and brier those of log_loss and brier_score_loss
//            (scale_by_half only for two classes).
// Intervals: see score.h. Shares have Wilson's; F1 = 2J / (1 + J) that of the share J = TP / (TP + FP + FN); macro
//            averages the delta method over the cells, which count as multinomial, cut at 0 and 1.
// Errors:    InvalidArgument for unequal lengths, no rows, what is no class, no probability or no label, an alpha
//            outside of 0 … 1.
// Sources:   Wilson, JASA 1927; Takahashi et al., Confidence interval for micro-averaged F1 and macro-averaged F1
//            scores, Applied Intelligence 2022; Brier 1950.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "statistics/estimates/calibration.h"
#include "statistics/scores/score.h"

namespace modelyard::statistics {

// Counts of truth × prediction. Takes 16 bytes a class, and some 70 a cell that is not empty.
class Confusion {
 public:
  static constexpr std::uint64_t kMostRows = std::uint64_t{1} << 52;  // doubles count as far

  struct Cell {
    std::size_t truth = 0, predicted = 0;
    auto operator<=>(const Cell&) const = default;
  };

  explicit Confusion(std::size_t classes) : support_(classes), predicted_(classes) {}

  // InvalidArgument for what is no class, or more than kMostRows in all; nothing is counted then.
  Status add(std::size_t truth, std::size_t predicted, std::uint64_t times = 1);

  std::size_t classes() const { return support_.size(); }
  std::uint64_t total() const { return total_; }
  // Zero for what is no class.
  std::uint64_t count(std::size_t truth, std::size_t predicted) const;
  std::uint64_t support(std::size_t truth) const { return truth < classes() ? support_[truth] : 0; }
  std::uint64_t predicted(std::size_t label) const { return label < classes() ? predicted_[label] : 0; }
  const std::map<Cell, std::uint64_t>& cells() const { return cells_; }  // that are not empty

 private:
  std::map<Cell, std::uint64_t> cells_;
  std::vector<std::uint64_t> support_, predicted_;  // sums of rows and of columns
  std::uint64_t total_ = 0;
};

Result<Score> accuracy(const Confusion& confusion, double alpha);

struct ClassScores {
  std::uint64_t support = 0;    // rows that are of the class
  std::uint64_t predicted = 0;  // rows that were said to be
  // nullopt where there is nothing to divide by: not predicted, no support, neither.
  std::optional<Score> precision, recall, f1;
};

Result<ClassScores> class_scores(const Confusion& confusion, std::size_t label, double alpha);

struct Averages {
  Score precision, recall, f1;
};

// Every class that occurs counts alike; one whose score is not defined counts as 0.
Result<Averages> macro_averages(const Confusion& confusion, double alpha);
// Every class counts by its support. No intervals.
Result<Averages> weighted_averages(const Confusion& confusion);

// Of two classes. Mean of −ln of the probability of what happened, which is taken to be 2⁻⁵² … 1 − 2⁻⁵².
Result<Score> log_loss(const Labelled& rows, double alpha);
// Mean of (probability − label)².
Result<Score> brier(const Labelled& rows, double alpha);

// Rows of K ≥ 2 probabilities, one behind the other, each summing to 1 ± 0.001; and the class that each row was of.
struct LabelledClasses {
  std::span<const double> probabilities;
  std::size_t classes = 0;
  std::span<const std::uint32_t> truth;
};

Result<Score> log_loss(const LabelledClasses& rows, double alpha);
// Mean over rows of Σ over classes of (probability − 1 or 0)², 0 … 2: for two classes twice that of Labelled.
Result<Score> brier(const LabelledClasses& rows, double alpha);

}  // namespace modelyard::statistics
