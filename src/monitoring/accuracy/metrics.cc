#include "monitoring/accuracy/metrics.h"

#include <algorithm>
#include <map>

#include "statistics/scores/curves.h"
#include "statistics/scores/ranking.h"
#include "statistics/scores/regression.h"

namespace modelyard::monitoring {
namespace {

namespace st = statistics;

class Measuring {
 public:
  Measuring(const JudgedRows& rows, std::span<const std::size_t> which, double alpha)
      : rows_(rows), which_(which), alpha_(alpha) {
    metrics_.rows = which.size();
  }

  Metrics binary() {
    classify(2);
    const auto positive = st::class_scores(*confusion_, 1, alpha_);
    const auto negative = st::class_scores(*confusion_, 0, alpha_);
    if (positive) {
      add("precision", positive->precision);
      add("recall", positive->recall);
      add("f1", positive->f1);
    }
    if (negative) add("specificity", negative->recall);
    std::vector<double> scores;
    std::vector<std::uint8_t> truth;
    for (const JudgedRow* row : all()) {
      if (std::isnan(row->score)) return std::move(metrics_);
      scores.push_back(row->score);
      truth.push_back(row->truth == 1 ? 1 : 0);
    }
    add("roc_auc", st::roc_auc(scores, truth, alpha_));
    add("pr_auc", st::average_precision(scores, truth, alpha_));
    add("log_loss", st::log_loss(st::Labelled{scores, truth}, alpha_));
    add("brier", st::brier(st::Labelled{scores, truth}, alpha_));
    set_reliability({scores, truth});
    return std::move(metrics_);
  }

  Metrics multiclass() {
    classify(rows_.classes().size());
    if (const auto averages = st::macro_averages(*confusion_, alpha_)) {
      add("precision", averages->precision);
      add("recall", averages->recall);
      add("f1", averages->f1);
    }
    const std::size_t columns = rows_.columns();
    if (columns == 0) return std::move(metrics_);
    std::vector<double> probabilities;
    std::vector<std::uint32_t> truth;
    for (const JudgedRow* row : all()) {
      if (row->truth >= static_cast<double>(columns)) return std::move(metrics_);  // a class without a probability
      const auto own = rows_.probabilities(*row);
      probabilities.insert(probabilities.end(), own.begin(), own.end());
      truth.push_back(static_cast<std::uint32_t>(row->truth));
    }
    add("roc_auc", mean_roc_auc(probabilities, truth, columns));
    add("log_loss", st::log_loss(st::LabelledClasses{probabilities, columns, truth}, alpha_));
    const auto brier = st::brier(st::LabelledClasses{probabilities, columns, truth}, alpha_);
    add("brier", brier);
    if (brier) set_reliability_of_likeliest(probabilities, truth, columns);
    return std::move(metrics_);
  }

  Metrics regression() {
    std::vector<double> truth, predicted, differences;
    for (const JudgedRow* row : all()) {
      truth.push_back(row->truth);
      predicted.push_back(row->predicted);
      differences.push_back(row->predicted - row->truth);
    }
    const auto scores = st::regression_scores(truth, predicted, rows_.evaluation().quantile, alpha_);
    if (!scores) return std::move(metrics_);
    add("mae", scores->mae);
    add("rmse", scores->rmse);
    add("mape", scores->mape);
    add("r2", scores->r2);
    add("quantile_loss", scores->quantile_loss);
    add("bias", st::mean_score(differences, alpha_));
    return std::move(metrics_);
  }

  Metrics ranking() {
    std::map<std::uint64_t, std::pair<std::vector<double>, std::vector<double>>> requests;
    for (const JudgedRow* row : all()) {
      auto& [relevance, scores] = requests[row->request];
      relevance.push_back(row->truth);
      scores.push_back(row->score);
    }
    std::vector<double> gains, ranks;
    for (const auto& [request, lists] : requests) {
      const auto gain = st::ndcg(lists.first, lists.second, rows_.evaluation().cutoff);
      const auto rank = st::reciprocal_rank(lists.first, lists.second);
      if (gain) gains.push_back(*gain);
      if (rank) ranks.push_back(*rank);
    }
    add("ndcg", share(st::mean_score(gains, alpha_)));
    add("mrr", share(st::mean_score(ranks, alpha_)));
    return std::move(metrics_);
  }

  Metrics value() {
    std::vector<double> values;
    for (const JudgedRow* row : all()) values.push_back(row->truth);
    const auto mean = st::mean_score(values, alpha_);
    add("mean", mean);
    if (!mean) return std::move(metrics_);
    const auto size = static_cast<double>(values.size());
    add("sum", st::Score{mean->value * size, std::nullopt});
    return std::move(metrics_);
  }

 private:
  std::vector<const JudgedRow*> all() const {
    std::vector<const JudgedRow*> all;
    all.reserve(which_.size());
    for (const std::size_t place : which_) all.push_back(&rows_.rows()[place]);
    return all;
  }

  void add(std::string_view name, const Result<st::Score>& score) {
    if (score) metrics_.list.push_back({name, *score});
  }
  void add(std::string_view name, const std::optional<st::Score>& score) {
    if (score) metrics_.list.push_back({name, *score});
  }
  void add(std::string_view name, const st::Score& score) { metrics_.list.push_back({name, score}); }

  void set_reliability(const st::Labelled& rows) {
    if (auto curve = st::reliability_curve(rows, Metrics::kReliabilityBins)) metrics_.reliability = std::move(*curve);
  }
  // Whatever the model answers: its highest probability says how often that class is the true one.
  void set_reliability_of_likeliest(std::span<const double> probabilities, std::span<const std::uint32_t> truth,
                                    std::size_t columns) {
    std::vector<double> highest;
    std::vector<std::uint8_t> is_right;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const auto row = probabilities.subspan(i * columns, columns);
      const auto likeliest = std::ranges::max_element(row);
      highest.push_back(std::min(1.0, *likeliest));  // sums may be off by rounding
      is_right.push_back(likeliest - row.begin() == static_cast<std::ptrdiff_t>(truth[i]) ? 1 : 0);
    }
    set_reliability({highest, is_right});
  }

  // Of something that lies in 0 … 1, and so does its interval.
  static Result<st::Score> share(Result<st::Score> score) {
    if (score && score->interval) {
      score->interval->low = std::clamp(score->interval->low, 0.0, 1.0);
      score->interval->high = std::clamp(score->interval->high, 0.0, 1.0);
    }
    return score;
  }

  void classify(std::size_t classes) {
    confusion_.emplace(classes);
    for (const JudgedRow* row : all()) {
      (void)confusion_->add(static_cast<std::size_t>(row->truth), static_cast<std::size_t>(row->predicted)).has_value();
    }
    add("accuracy", st::accuracy(*confusion_, alpha_));
    std::vector<std::size_t> occur;
    for (std::size_t i = 0; i < classes; ++i) {
      if (confusion_->support(i) + confusion_->predicted(i) > 0) occur.push_back(i);
    }
    if (occur.size() > Metrics::kMostClasses) return;
    for (const std::size_t i : occur) {
      if (const auto scores = st::class_scores(*confusion_, i, alpha_)) {
        metrics_.classes.push_back({rows_.classes()[i], *scores});
      }
      std::vector<std::uint64_t> counts;
      for (const std::size_t j : occur) counts.push_back(confusion_->count(i, j));
      metrics_.confusion.push_back(std::move(counts));
    }
  }

  // Without an interval: those of the classes depend on one another.
  std::optional<st::Score> mean_roc_auc(std::span<const double> probabilities, std::span<const std::uint32_t> truth,
                                        std::size_t columns) const {
    double sum = 0;
    std::vector<double> scores(truth.size());
    std::vector<std::uint8_t> is_class(truth.size());
    for (std::size_t k = 0; k < columns; ++k) {
      for (std::size_t i = 0; i < truth.size(); ++i) {
        scores[i] = probabilities[i * columns + k];
        is_class[i] = truth[i] == k ? 1 : 0;
      }
      const auto auc = st::roc_auc(scores, is_class, alpha_);
      if (!auc) return std::nullopt;
      sum += auc->value;
    }
    return st::Score{sum / static_cast<double>(columns), std::nullopt};
  }

  const JudgedRows& rows_;
  const std::span<const std::size_t> which_;
  const double alpha_;
  Metrics metrics_;
  std::optional<st::Confusion> confusion_;
};

}  // namespace

Metrics measure(const JudgedRows& rows, std::span<const std::size_t> which, double alpha) {
  if (which.empty()) return {};
  Measuring measuring(rows, which, alpha);
  switch (*rows.evaluation().task) {
    case Task::kBinary: return measuring.binary();
    case Task::kMulticlass: return measuring.multiclass();
    case Task::kRegression: return measuring.regression();
    case Task::kRanking: return measuring.ranking();
    case Task::kValue: return measuring.value();
  }
  return {};
}

}  // namespace modelyard::monitoring
