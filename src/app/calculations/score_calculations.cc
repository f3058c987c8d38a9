#include <limits>
#include <map>

#include "app/calculations/calculation.h"
#include "statistics/scores/classification.h"
#include "statistics/scores/curves.h"
#include "statistics/scores/ranking.h"
#include "statistics/scores/regression.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

Json to_json(const st::Score& score) {
  Json interval;
  if (score.interval) interval = {score.interval->low, score.interval->high};
  return {{"value", score.value}, {"interval", std::move(interval)}};
}

Json to_json(const std::optional<st::Score>& score) {
  return score ? to_json(*score) : Json();
}

Json to_json(const st::Averages& averages) {
  return {
      {"precision", to_json(averages.precision)}, {"recall", to_json(averages.recall)}, {"f1", to_json(averages.f1)}};
}

Result<std::vector<std::uint8_t>> read_labels(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto numbers, read_numbers(input, "labels"));
  std::vector<std::uint8_t> labels;
  labels.reserve(numbers.size());
  for (const double label : numbers) {
    if (label != 0 && label != 1) return error(Code::kInvalidArgument, "labels: {} is neither 0 nor 1", label);
    labels.push_back(label == 1 ? 1 : 0);
  }
  return labels;
}

// Beyond 2⁶³ − 1, Json takes a number for a negative one when it compares.
bool is_whole(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  return value.is_number_integer();
}

// Whole numbers or texts, not both: 1 and "1" would be two classes that look like one.
Status check_classes(const Json& array, const std::string& path, bool texts) {
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (texts ? array[i].is_string() : is_whole(array[i])) continue;
    return error(Code::kInvalidArgument, "{}[{}]: classes are all whole numbers or all texts", path, i);
  }
  return ok();
}

struct Classified {
  std::map<Json, std::size_t> classes;  // in order
  st::Confusion confusion{0};
};

Result<Classified> read_classified(ObjectReader& input) {
  MODELYARD_ASSIGN(const Json* truth, input.array("truth"));
  MODELYARD_ASSIGN(const Json* predicted, input.array("predicted"));
  if (truth->size() != predicted->size()) {
    return error(Code::kInvalidArgument, "{} classes in truth, {} in predicted", truth->size(), predicted->size());
  }
  const bool texts = !truth->empty() && truth->front().is_string();
  MODELYARD_TRY(check_classes(*truth, input.path_of("truth"), texts));
  MODELYARD_TRY(check_classes(*predicted, input.path_of("predicted"), texts));
  Classified rows;
  for (const Json& label : *truth) rows.classes[label];
  for (const Json& label : *predicted) rows.classes[label];
  std::size_t next = 0;
  for (auto& [label, index] : rows.classes) index = next++;
  rows.confusion = st::Confusion(next);
  for (std::size_t i = 0; i < truth->size(); ++i) {
    MODELYARD_TRY(rows.confusion.add(rows.classes[(*truth)[i]], rows.classes[(*predicted)[i]]));
  }
  return rows;
}

Result<Json> classification(ObjectReader& input) {
  MODELYARD_ASSIGN(const Classified rows, read_classified(input));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::Score accuracy, st::accuracy(rows.confusion, alpha));
  MODELYARD_ASSIGN(const st::Averages macro, st::macro_averages(rows.confusion, alpha));
  MODELYARD_ASSIGN(const st::Averages weighted, st::weighted_averages(rows.confusion));
  Json listed = Json::array();
  for (const auto& [label, index] : rows.classes) {
    MODELYARD_ASSIGN(const st::ClassScores scores, st::class_scores(rows.confusion, index, alpha));
    listed.push_back({{"class", label},
                      {"support", scores.support},
                      {"predicted", scores.predicted},
                      {"precision", to_json(scores.precision)},
                      {"recall", to_json(scores.recall)},
                      {"f1", to_json(scores.f1)}});
  }
  return Json{{"accuracy", to_json(accuracy)},
              {"macro", to_json(macro)},
              {"weighted", to_json(weighted)},
              {"classes", std::move(listed)}};
}

template <auto score_of>
Result<Json> curve(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto scores, read_numbers(input, "scores"));
  MODELYARD_ASSIGN(const auto labels, read_labels(input));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::Score score, score_of(scores, labels, alpha));
  return to_json(score);
}

Result<Json> log_loss(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto probabilities, read_numbers(input, "probabilities"));
  MODELYARD_ASSIGN(const auto labels, read_labels(input));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::Score score, st::log_loss(st::Labelled{probabilities, labels}, alpha));
  return to_json(score);
}

Result<Json> regression_scores(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto truth, read_numbers(input, "truth"));
  MODELYARD_ASSIGN(const auto predicted, read_numbers(input, "predicted"));
  MODELYARD_ASSIGN(const double quantile, read_number(input, "quantile", 0.5));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::RegressionScores scores, st::regression_scores(truth, predicted, quantile, alpha));
  return Json{{"mae", to_json(scores.mae)},
              {"rmse", to_json(scores.rmse)},
              {"mape", to_json(scores.mape)},
              {"quantile_loss", to_json(scores.quantile_loss)},
              {"r2", to_json(scores.r2)}};
}

Result<Json> ndcg(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto relevance, read_numbers(input, "relevance"));
  MODELYARD_ASSIGN(const auto scores, read_numbers(input, "scores"));
  MODELYARD_ASSIGN(const std::size_t k, read_count(input, "k", 0));
  MODELYARD_ASSIGN(const double value, st::ndcg(relevance, scores, k));
  return Json{{"value", value}};
}

Result<Json> reciprocal_rank(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto relevance, read_numbers(input, "relevance"));
  MODELYARD_ASSIGN(const auto scores, read_numbers(input, "scores"));
  MODELYARD_ASSIGN(const double value, st::reciprocal_rank(relevance, scores));
  return Json{{"value", value}};
}

}  // namespace

std::vector<Calculation> score_calculations() {
  return {
      {"classification", "truth, predicted: whole numbers or texts [, alpha]",
       "accuracy, precision, recall, F1, with intervals", classification},
      {"roc-auc", "scores, labels: 0 or 1 [, alpha]", "pairs in order, with DeLong's interval", curve<st::roc_auc>},
      {"average-precision", "scores, labels: 0 or 1 [, alpha]", "area under precision by recall, with its interval",
       curve<st::average_precision>},
      {"log-loss", "probabilities, labels: 0 or 1 [, alpha]", "mean of −ln of what happened, with its interval",
       log_loss},
      {"regression-scores", "truth, predicted: numbers [, quantile, alpha]",
       "MAE, RMSE, MAPE, quantile loss, R², with intervals", regression_scores},
      {"ndcg", "relevance, scores: numbers [, k]", "how well one query's documents are ordered", ndcg},
      {"reciprocal-rank", "relevance, scores: numbers", "1 / rank of the first relevant document", reciprocal_rank},
  };
}

}  // namespace modelyard::app
