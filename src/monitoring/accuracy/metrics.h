// How good predictions were, where the truth is known: the metrics of the task, each with its interval where there is
// one, equal to scikit-learn's.
//
//   binary      accuracy, precision, recall, f1 (of the positive class), specificity, roc_auc, pr_auc, log_loss, brier
//   multiclass  accuracy, precision, recall, f1 (macro: the mean over classes), roc_auc (each class against the rest,
//               the mean), log_loss, brier
//   regression  mae, rmse, mape, r2, quantile_loss, bias (mean of prediction − truth)
//   ranking     ndcg, mrr: means over requests
//   value       mean, sum
//
// A metric that is not defined for these rows (one class only, scores that are no probabilities) is left out.
// Sources: statistics/scores. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/accuracy/judged_rows.h"
#include "statistics/scores/classification.h"

namespace modelyard::monitoring {

struct Metric {
  std::string_view name;
  statistics::Score score;
};

struct ClassMetrics {
  std::string name;
  statistics::ClassScores scores;
};

struct Metrics {
  static constexpr std::size_t kMostClasses = 100;  // that are told apart
  static constexpr std::size_t kReliabilityBins = 10;

  std::size_t rows = 0;
  std::vector<Metric> list;
  // Of a classification.
  std::vector<ClassMetrics> classes;                  // that occur; none when they are too many
  std::vector<std::vector<std::uint64_t>> confusion;  // [truth][predicted], of `classes`
  // How often what has a probability happens: the positive class, or of several the likeliest. Empty without
  // probabilities.
  std::vector<statistics::ReliabilityBin> reliability;
};

// `which` are places in rows.rows(); intervals hold the true value with a probability of about 1 − alpha.
Metrics measure(const JudgedRows& rows, std::span<const std::size_t> which, double alpha = 0.05);

}  // namespace modelyard::monitoring
