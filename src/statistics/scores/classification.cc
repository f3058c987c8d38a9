#include "statistics/scores/classification.h"

#include <algorithm>
#include <cmath>

#include "statistics/probability.h"
#include "statistics/scores/checks.h"

namespace modelyard::statistics {
namespace {

Status check(const Confusion& confusion) {
  if (confusion.total() > 0) return ok();
  return error(Code::kInvalidArgument, "there are no rows");
}

Result<std::optional<Score>> share_score(std::uint64_t successes, std::uint64_t trials, double alpha) {
  if (trials == 0) return std::optional<Score>();
  const Share share{successes, trials};
  MODELYARD_ASSIGN(const Interval interval, wilson_interval(share, alpha));
  return std::optional<Score>(Score{share.value(), interval});
}

double f1_of(double jaccard) {
  return 2 * jaccard / (1 + jaccard);
}

// A score of a class is correct·TP / (of_truth·support + of_predicted·predicted).
struct Kind {
  double correct, of_truth, of_predicted;
};
constexpr Kind kPrecision{1, 0, 1}, kRecall{1, 1, 0}, kF1{2, 1, 1};

double denominator(const Confusion& confusion, const Kind& kind, std::size_t label) {
  return kind.of_truth * static_cast<double>(confusion.support(label)) +
         kind.of_predicted * static_cast<double>(confusion.predicted(label));
}

double score_or_zero(const Confusion& confusion, const Kind& kind, std::size_t label) {
  const double below = denominator(confusion, kind, label);
  return below == 0 ? 0 : kind.correct * static_cast<double>(confusion.count(label, label)) / below;
}

double weighted(const Confusion& confusion, const Kind& kind) {
  double sum = 0;
  for (std::size_t k = 0; k < confusion.classes(); ++k) {
    sum += static_cast<double>(confusion.support(k)) * score_or_zero(confusion, kind, k);
  }
  return sum / static_cast<double>(confusion.total());
}

// The variance of Σ_k score_k: each cell moves it by a gradient, and cells are multinomial. slopes[k] is score_k over
// the share of all rows that score_k divides by; zero where it divides by none.
double variance_of_sum(const Confusion& confusion, const Kind& kind, std::span<const double> slopes) {
  const auto n = static_cast<double>(confusion.total());
  const auto gradient = [&](const Confusion::Cell& cell) {
    const double moved = -kind.of_truth * slopes[cell.truth] - kind.of_predicted * slopes[cell.predicted];
    if (cell.truth != cell.predicted) return moved;
    return moved + kind.correct / (denominator(confusion, kind, cell.truth) / n);
  };
  double mean = 0, variance = 0;
  for (const auto& [cell, count] : confusion.cells()) mean += static_cast<double>(count) / n * gradient(cell);
  for (const auto& [cell, count] : confusion.cells()) {
    const double gap = gradient(cell) - mean;
    variance += static_cast<double>(count) / n * gap * gap;
  }
  return variance / n;
}

Score macro(const Confusion& confusion, const Kind& kind, double alpha) {
  const auto n = static_cast<double>(confusion.total());
  double sum = 0, occurring = 0;
  std::vector<double> slopes(confusion.classes(), 0.0);
  for (std::size_t k = 0; k < confusion.classes(); ++k) {
    if (confusion.support(k) + confusion.predicted(k) == 0) continue;
    const double score = score_or_zero(confusion, kind, k), below = denominator(confusion, kind, k) / n;
    occurring += 1;
    sum += score;
    slopes[k] = below == 0 ? 0 : score / below;
  }
  const double value = sum / occurring, variance = variance_of_sum(confusion, kind, slopes);
  if (variance == 0) return {value, {}};
  const double half = -normal_quantile(alpha / 2) * std::sqrt(variance) / occurring;
  return {value, Interval{std::max(0.0, value - half), std::min(1.0, value + half)}};
}

// As scikit-learn does it: no loss is infinite.
double loss_of(double probability) {
  constexpr double kLeast = 0x1p-52;
  return -std::log(std::clamp(probability, kLeast, 1 - kLeast));
}

double square(double value) {
  return value * value;
}

constexpr double kMostGap = 1e-3;  // of a sum to one: probabilities come as half floats, too

Status check(const LabelledClasses& rows) {
  const std::size_t classes = rows.classes, cells = rows.probabilities.size();
  if (classes < 2) return error(Code::kInvalidArgument, "at least two classes are needed, not {}", classes);
  MODELYARD_TRY(check_values(rows.probabilities));
  if (cells % classes != 0 || cells / classes != rows.truth.size()) {
    return error(Code::kInvalidArgument, "{} probabilities are no {} rows of {} classes", cells, rows.truth.size(),
                 classes);
  }
  for (std::size_t i = 0; i < rows.truth.size(); ++i) {
    if (rows.truth[i] >= classes) return error(Code::kInvalidArgument, "row {}: no class {}", i, rows.truth[i]);
    double sum = 0;
    for (const double probability : rows.probabilities.subspan(i * classes, classes)) {
      if (!(probability >= 0 && probability <= 1)) {
        return error(Code::kInvalidArgument, "row {}: {} is no probability", i, probability);
      }
      sum += probability;
    }
    if (std::abs(sum - 1) > kMostGap) {
      return error(Code::kInvalidArgument, "row {}: the probabilities sum to {}, not to 1", i, sum);
    }
  }
  return ok();
}

}  // namespace

Status Confusion::add(std::size_t truth, std::size_t predicted, std::uint64_t times) {
  if (std::max(truth, predicted) >= classes()) {
    return error(Code::kInvalidArgument, "there is no class {}, only {}", std::max(truth, predicted), classes());
  }
  if (times > kMostRows - total_) return error(Code::kInvalidArgument, "more than 2^52 rows");
  if (times == 0) return ok();
  cells_[{truth, predicted}] += times;
  support_[truth] += times;
  predicted_[predicted] += times;
  total_ += times;
  return ok();
}

std::uint64_t Confusion::count(std::size_t truth, std::size_t predicted) const {
  const auto cell = cells_.find({truth, predicted});
  return cell == cells_.end() ? 0 : cell->second;
}

Result<Score> accuracy(const Confusion& confusion, double alpha) {
  MODELYARD_TRY(check(confusion));
  std::uint64_t right = 0;
  for (std::size_t k = 0; k < confusion.classes(); ++k) right += confusion.count(k, k);
  MODELYARD_ASSIGN(const auto score, share_score(right, confusion.total(), alpha));
  return *score;
}

Result<ClassScores> class_scores(const Confusion& confusion, std::size_t label, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check(confusion));
  if (label >= confusion.classes()) {
    return error(Code::kInvalidArgument, "there is no class {}, only {}", label, confusion.classes());
  }
  const std::uint64_t right = confusion.count(label, label);
  ClassScores scores{confusion.support(label), confusion.predicted(label), {}, {}, {}};
  MODELYARD_ASSIGN(scores.precision, share_score(right, scores.predicted, alpha));
  MODELYARD_ASSIGN(scores.recall, share_score(right, scores.support, alpha));
  MODELYARD_ASSIGN(const auto jaccard, share_score(right, scores.support + scores.predicted - right, alpha));
  if (jaccard) {
    const Interval& of_share = *jaccard->interval;
    scores.f1 = {score_or_zero(confusion, kF1, label), Interval{f1_of(of_share.low), f1_of(of_share.high)}};
  }
  return scores;
}

Result<Averages> macro_averages(const Confusion& confusion, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_TRY(check(confusion));
  return Averages{macro(confusion, kPrecision, alpha), macro(confusion, kRecall, alpha), macro(confusion, kF1, alpha)};
}

Result<Averages> weighted_averages(const Confusion& confusion) {
  MODELYARD_TRY(check(confusion));
  return Averages{
      {weighted(confusion, kPrecision), {}}, {weighted(confusion, kRecall), {}}, {weighted(confusion, kF1), {}}};
}

Result<Score> log_loss(const Labelled& rows, double alpha) {
  MODELYARD_TRY(brier_score(rows));  // checks the rows
  std::vector<double> losses(rows.labels.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    losses[i] = loss_of(rows.labels[i] == 1 ? rows.probabilities[i] : 1 - rows.probabilities[i]);
  }
  return mean_loss(losses, alpha);
}

Result<Score> brier(const Labelled& rows, double alpha) {
  MODELYARD_TRY(brier_score(rows));
  std::vector<double> losses(rows.labels.size());
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = square(rows.probabilities[i] - rows.labels[i]);
  return mean_loss(losses, alpha);
}

Result<Score> log_loss(const LabelledClasses& rows, double alpha) {
  MODELYARD_TRY(check(rows));
  std::vector<double> losses(rows.truth.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    losses[i] = loss_of(rows.probabilities[i * rows.classes + rows.truth[i]]);
  }
  return mean_loss(losses, alpha);
}

Result<Score> brier(const LabelledClasses& rows, double alpha) {
  MODELYARD_TRY(check(rows));
  std::vector<double> losses(rows.truth.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    for (std::size_t k = 0; k < rows.classes; ++k) {
      losses[i] += square(rows.probabilities[i * rows.classes + k] - (k == rows.truth[i] ? 1 : 0));
    }
  }
  return mean_loss(losses, alpha);
}

}  // namespace modelyard::statistics
