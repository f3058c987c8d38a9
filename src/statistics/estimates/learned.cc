#include "statistics/estimates/learned.h"

#include <algorithm>
#include <cmath>

namespace modelyard::statistics {
namespace {

struct Scores {
  std::vector<double> ones, zeros;
};

// Scores of the rows that are held out in this fold, by a model of all others.
Status score_fold(const Encoded& rows, std::span<const std::uint8_t> labels, const LearnerOptions& options,
                  std::size_t fold, Scores& scores) {
  std::vector<std::uint32_t> seen;
  std::vector<std::uint8_t> seen_labels;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    if (i % options.folds == fold) continue;
    seen.insert(seen.end(), rows.row(i).begin(), rows.row(i).end());
    seen_labels.push_back(labels[i]);
  }
  MODELYARD_ASSIGN(const LinearModel model, fit_logistic({seen, rows.width, rows.columns}, seen_labels, options.l2));
  for (std::size_t i = fold; i < rows.count(); i += options.folds) {
    (labels[i] == 1 ? scores.ones : scores.zeros).push_back(model(rows.row(i)));
  }
  return ok();
}

}  // namespace

double area_under_roc(std::span<const double> ones, std::span<const double> zeros) {
  std::vector<double> upper(ones.begin(), ones.end()), lower(zeros.begin(), zeros.end());
  std::sort(upper.begin(), upper.end());
  std::sort(lower.begin(), lower.end());
  double sum = 0;
  std::size_t below = 0, up_to = 0;
  for (const double score : upper) {
    while (below < lower.size() && lower[below] < score) ++below;
    while (up_to < lower.size() && lower[up_to] <= score) ++up_to;
    sum += static_cast<double>(below + up_to) / 2;
  }
  return sum / (static_cast<double>(upper.size()) * static_cast<double>(lower.size()));
}

Result<DomainClassifier> domain_classifier(std::span<const double> reference, std::span<const double> current,
                                           std::size_t width, const LearnerOptions& options) {
  if (width == 0 || reference.size() % width != 0 || current.size() % width != 0) {
    return error(Code::kInvalidArgument, "{} and {} values are no rows of {}", reference.size(), current.size(), width);
  }
  const std::size_t m = reference.size() / width, n = current.size() / width;
  if (options.folds < 2 || m < 2 * options.folds || n < 2 * options.folds) {
    return error(Code::kInvalidArgument, "{} folds need {} rows a side, there are {} and {}", options.folds,
                 2 * options.folds, m, n);
  }
  std::vector<double> pooled(reference.begin(), reference.end());
  pooled.insert(pooled.end(), current.begin(), current.end());
  MODELYARD_ASSIGN(const auto features, BinnedFeatures::make(pooled, width, options.bins));
  const auto active = features.encode_rows(pooled);
  std::vector<std::uint8_t> labels(m, 0);
  labels.resize(m + n, 1);
  const Encoded rows{active, width, features.columns()};
  double sum = 0;
  for (std::size_t fold = 0; fold < options.folds; ++fold) {
    Scores scores;
    MODELYARD_TRY(score_fold(rows, labels, options, fold, scores));
    sum += area_under_roc(scores.ones, scores.zeros);
  }
  const auto a = static_cast<double>(m), b = static_cast<double>(n);
  return DomainClassifier{sum / static_cast<double>(options.folds), std::sqrt((a + b + 1) / (12 * a * b))};
}

Result<LossEstimate> LossEstimate::fit(std::span<const double> rows, std::size_t width, std::span<const double> losses,
                                       const LearnerOptions& options) {
  MODELYARD_ASSIGN(auto features, BinnedFeatures::make(rows, width, options.bins));
  const auto active = features.encode_rows(rows);
  MODELYARD_ASSIGN(auto model, fit_ridge({active, width, features.columns()}, losses, options.l2));
  return LossEstimate(std::move(features), std::move(model));
}

Result<double> LossEstimate::mean_loss(std::span<const double> rows) const {
  const std::size_t width = features_.width();
  if (rows.empty() || rows.size() % width != 0) {
    return error(Code::kInvalidArgument, "{} values are no rows of {}", rows.size(), width);
  }
  const auto active = features_.encode_rows(rows);
  double sum = 0;
  for (std::size_t at = 0; at < active.size(); at += width) {
    sum += std::max(0.0, model_(std::span(active).subspan(at, width)));
  }
  return sum / (static_cast<double>(rows.size()) / static_cast<double>(width));
}

}  // namespace modelyard::statistics
