#include "app/calculations/calculation.h"
#include "statistics/estimates/calibration.h"
#include "statistics/estimates/joint_shift.h"
#include "statistics/estimates/label_shift.h"
#include "statistics/estimates/learned.h"
#include "statistics/estimates/performance.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

struct LabelledRows {
  std::vector<double> probabilities;
  std::vector<std::uint8_t> labels;
  st::Labelled view() const { return {probabilities, labels}; }
};

Result<LabelledRows> read_labelled(ObjectReader& input) {
  LabelledRows rows;
  MODELYARD_ASSIGN(rows.probabilities, read_numbers(input, "probabilities"));
  MODELYARD_ASSIGN(const auto labels, read_numbers(input, "labels"));
  for (const double label : labels) {
    if (label != 0 && label != 1) return error(Code::kInvalidArgument, "labels: {} is neither 0 nor 1", label);
    rows.labels.push_back(label == 1 ? 1 : 0);
  }
  return rows;
}

Result<Json> calibration(ObjectReader& input) {
  MODELYARD_ASSIGN(const LabelledRows rows, read_labelled(input));
  MODELYARD_ASSIGN(const std::size_t bins, read_count(input, "bins", 10));
  MODELYARD_ASSIGN(const auto curve, st::reliability_curve(rows.view(), bins));
  MODELYARD_ASSIGN(const double brier, st::brier_score(rows.view()));
  Json listed = Json::array();
  for (const st::ReliabilityBin& bin : curve) {
    listed.push_back({{"low", bin.low},
                      {"high", bin.high},
                      {"count", bin.count},
                      {"mean_probability", bin.mean_probability},
                      {"share_of_ones", bin.share_of_ones}});
  }
  return Json{{"brier", brier},
              {"expected_calibration_error", st::expected_calibration_error(curve)},
              {"curve", std::move(listed)}};
}

Result<Json> isotonic(ObjectReader& input) {
  MODELYARD_ASSIGN(const LabelledRows rows, read_labelled(input));
  MODELYARD_ASSIGN(const auto at, read_numbers(input, "at"));
  MODELYARD_ASSIGN(const st::Isotonic map, st::Isotonic::fit(rows.view()));
  Json mapped = Json::array();
  for (const double probability : at) mapped.push_back(map(probability));
  return Json{{"mapped", std::move(mapped)}};
}

Result<Json> estimated_performance(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto probabilities, read_numbers(input, "probabilities"));
  MODELYARD_ASSIGN(const double threshold, read_number(input, "threshold", 0.5));
  MODELYARD_ASSIGN(const st::ConfusionShares shares, st::estimated_confusion(probabilities, threshold));
  MODELYARD_ASSIGN(const double roc_auc, st::estimated_roc_auc(probabilities));
  return Json{{"true_positive", shares.true_positive},
              {"false_positive", shares.false_positive},
              {"false_negative", shares.false_negative},
              {"true_negative", shares.true_negative},
              {"accuracy", shares.accuracy()},
              {"precision", shares.precision()},
              {"recall", shares.recall()},
              {"f1", shares.f1()},
              {"roc_auc", roc_auc}};
}

Result<Json> estimated_multiclass(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto probabilities, read_numbers(input, "probabilities"));
  MODELYARD_ASSIGN(const std::size_t classes, read_count(input, "classes"));
  MODELYARD_ASSIGN(const double accuracy, st::estimated_accuracy(probabilities, classes));
  MODELYARD_ASSIGN(const double f1, st::estimated_macro_f1(probabilities, classes));
  return Json{{"accuracy", accuracy}, {"macro_f1", f1}};
}

Result<Json> label_shift(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto confusion, read_numbers(input, "confusion"));
  MODELYARD_ASSIGN(const auto predicted, read_numbers(input, "predicted"));
  MODELYARD_ASSIGN(const st::LabelShift shift, st::label_shift(confusion, predicted));
  return Json{{"weights", shift.weights}, {"shares", shift.shares}};
}

Result<Json> prediction_powered(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto labels, read_numbers(input, "labels"));
  MODELYARD_ASSIGN(const auto theirs, read_numbers(input, "their_predictions"));
  MODELYARD_ASSIGN(const auto predictions, read_numbers(input, "predictions"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::PoweredMean found, st::prediction_powered_mean(labels, theirs, predictions, alpha));
  return Json{{"mean", found.mean}, {"interval", {found.interval.low, found.interval.high}}};
}

Result<st::LearnerOptions> read_learner(ObjectReader& input) {
  st::LearnerOptions options;
  MODELYARD_ASSIGN(options.bins, read_count(input, "bins", options.bins));
  MODELYARD_ASSIGN(options.l2, read_number(input, "l2", options.l2));
  MODELYARD_ASSIGN(options.folds, read_count(input, "folds", options.folds));
  return options;
}

Result<Json> domain_classifier(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto reference, read_numbers(input, "reference"));
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const std::size_t width, read_count(input, "width", 1));
  MODELYARD_ASSIGN(const st::LearnerOptions options, read_learner(input));
  MODELYARD_ASSIGN(const auto found, st::domain_classifier(reference, current, width, options));
  return Json{{"auc", found.auc}, {"standard_error", found.standard_error}};
}

Result<Json> joint_shift(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto reference, read_numbers(input, "reference"));
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const std::size_t width, read_count(input, "width", 1));
  st::JointShiftOptions options;
  MODELYARD_ASSIGN(options.bins, read_count(input, "bins", options.bins));
  MODELYARD_ASSIGN(options.pair_bins, read_count(input, "pair_bins", options.pair_bins));
  MODELYARD_ASSIGN(options.l2, read_number(input, "l2", options.l2));
  MODELYARD_ASSIGN(options.folds, read_count(input, "folds", options.folds));
  MODELYARD_ASSIGN(options.alpha, read_number(input, "alpha", options.alpha));
  MODELYARD_ASSIGN(const st::JointShift shift, st::joint_shift(reference, current, width, options));
  Json parts = Json::array();
  for (const st::JointShift::Part& part : shift.parts) {
    Json features = Json::array({part.first});
    if (part.is_pair()) features.push_back(part.second);
    parts.push_back({{"features", std::move(features)}, {"lift", part.lift}});
  }
  return Json{{"auc", shift.auc}, {"interval", {shift.interval.low, shift.interval.high}}, {"parts", std::move(parts)}};
}

Result<Json> loss_estimate(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto rows, read_numbers(input, "rows"));
  MODELYARD_ASSIGN(const auto losses, read_numbers(input, "losses"));
  MODELYARD_ASSIGN(const auto now, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const std::size_t width, read_count(input, "width", 1));
  MODELYARD_ASSIGN(const st::LearnerOptions options, read_learner(input));
  MODELYARD_ASSIGN(const auto estimate, st::LossEstimate::fit(rows, width, losses, options));
  MODELYARD_ASSIGN(const double mean, estimate.mean_loss(now));
  return Json{{"mean_loss", mean}};
}

}  // namespace

std::vector<Calculation> estimate_calculations() {
  return {
      {"calibration", "probabilities, labels: 0 or 1 [, bins]", "Brier score, expected error, reliability curve",
       calibration},
      {"isotonic", "probabilities, labels: 0 or 1; at: probabilities",
       "what a calibration fitted to the rows maps `at` to", isotonic},
      {"estimated-performance", "probabilities [, threshold]", "of a binary model, without labels, if it is calibrated",
       estimated_performance},
      {"estimated-performance-multiclass", "probabilities: rows one behind the other; classes",
       "accuracy and macro F1, without labels, if it is calibrated", estimated_multiclass},
      {"domain-classifier", "reference, current: rows one behind the other [, width, bins, l2, folds]",
       "whether a classifier tells both sides apart; 0.5 when it cannot", domain_classifier},
      {"joint-shift", "reference, current: rows one behind the other [, width, bins, pair_bins, l2, folds, alpha]",
       "the same with pairs of features, an interval, and what tells the sides apart", joint_shift},
      {"loss-estimate", "rows, losses: of the reference; current: rows [, width, bins, l2]",
       "a regression's mean loss now, without labels", loss_estimate},
      {"label-shift", "confusion: predicted × true, row-major; predicted: by class",
       "the mix of classes now, from predictions alone", label_shift},
      {"prediction-powered", "labels, their_predictions; predictions [, alpha]",
       "a mean from few labels and many predictions", prediction_powered},
  };
}

}  // namespace modelyard::app
