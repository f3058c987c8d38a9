#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "statistics/estimates/calibration.h"
#include "statistics/estimates/label_shift.h"
#include "statistics/estimates/performance.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

// Rows of a model that says p where the truth is truth(p).
struct Rows {
  std::vector<double> probabilities;
  std::vector<std::uint8_t> labels;
  Labelled view() const { return {probabilities, labels}; }
};

template <typename Truth>
Rows rows_of(std::uint32_t seed, std::size_t size, Truth truth) {
  const auto draws = uniform_stream(seed, 2 * size);
  Rows rows;
  for (std::size_t i = 0; i < size; ++i) {
    rows.probabilities.push_back(draws[2 * i]);
    rows.labels.push_back(draws[2 * i + 1] < truth(draws[2 * i]) ? 1 : 0);
  }
  return rows;
}

double calibrated(double p) {
  return p;
}
double overconfident(double p) {
  return 0.3 + 0.4 * p;
}

TEST(Calibration, IsJudgedInBins) {
  const std::vector<double> probabilities{0.05, 0.15, 0.95, 1, 0.92, 0.5};
  const std::vector<std::uint8_t> labels{0, 1, 1, 1, 0, 1};

  const auto curve = *reliability_curve({probabilities, labels}, 10);

  ASSERT_EQ(curve.size(), 10u);
  EXPECT_EQ(curve[9].count, 3);
  EXPECT_NEAR(curve[9].mean_probability, (0.95 + 1 + 0.92) / 3, 1e-12);
  EXPECT_NEAR(curve[9].share_of_ones, 2.0 / 3, 1e-12);
  EXPECT_NEAR(expected_calibration_error(curve), (0.05 + 0.85 + (0.95 + 1 + 0.92 - 2) + 0.5) / 6, 1e-12);
  EXPECT_NEAR(*brier_score({probabilities, labels}), (0.0025 + 0.7225 + 0.0025 + 0.8464 + 0.25) / 6, 1e-12);
}

TEST(Calibration, RefusesWhatIsNoProbability) {
  const std::vector<std::uint8_t> one{1}, two{2};
  EXPECT_FALSE(brier_score({std::vector{1.1}, one}).has_value());
  EXPECT_FALSE(brier_score({std::vector{std::nan("")}, one}).has_value());
  EXPECT_FALSE(brier_score({std::vector{0.5}, two}).has_value());
  EXPECT_FALSE(brier_score({std::vector{0.5, 0.5}, one}).has_value());
  EXPECT_FALSE(Isotonic::fit({}).has_value());
  EXPECT_FALSE(reliability_curve({std::vector{0.5}, one}, 0).has_value());
}

// The quantile of one bin is that of a half normal; of many equal ones it nears that of a normal sum.
TEST(Calibration, KnowsHowFarChanceLiftsItsError) {
  const std::vector<ReliabilityBin> one{{0, 1, 400, 0.5, 0.5}};
  EXPECT_NEAR(calibration_error_of_chance(one, 0.005), 2.807 * 0.025, 0.003);
  EXPECT_NEAR(calibration_error_of_chance(one, 0.05), 1.96 * 0.025, 0.001);
  const std::vector<ReliabilityBin> sure{{0, 0.5, 100, 0, 0}, {0.5, 1, 100, 1, 1}, {}};
  EXPECT_EQ(calibration_error_of_chance(sure, 0.05), 0);
}

double off_by_a_twentieth(double p) {
  return p + (p < 0.5 ? 0.05 : -0.05);
}

// Twice: where the model is right and no error is allowed, and where it is off by all that is allowed.
TEST(Calibration, ExceedsTheErrorOfChanceNoMoreOftenThanAlpha) {
  for (const auto& [truth, allowed] : {std::pair(&calibrated, 0.0), std::pair(&off_by_a_twentieth, 0.05)}) {
    int beyond = 0;
    for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
      const Rows rows = rows_of(seed * 2654435761u, 400, truth);
      const auto curve = *reliability_curve(rows.view(), 10);
      beyond += expected_calibration_error(curve) - calibration_error_of_chance(curve, 0.05) > allowed ? 1 : 0;
    }
    EXPECT_LE(beyond, 70) << allowed;  // 5 % of 1000, and three deviations of that
    EXPECT_GE(beyond, allowed == 0 ? 10 : 0);
  }
}

TEST(Isotonic, PoolsWhatWouldFall) {
  const std::vector<double> probabilities{0.1, 0.2, 0.3, 0.4, 0.4, 0.9};
  const std::vector<std::uint8_t> labels{0, 1, 0, 1, 0, 1};

  const Isotonic map = *Isotonic::fit({probabilities, labels});

  EXPECT_EQ(map(0), 0);
  EXPECT_EQ(map(0.1), 0);
  EXPECT_EQ(map(0.2), 0.5);  // 0.2 and 0.3 are pooled, 0.4 has a half by itself
  EXPECT_EQ(map(0.3), 0.5);
  EXPECT_EQ(map(0.4), 0.5);
  EXPECT_DOUBLE_EQ(map(0.65), 0.75);
  EXPECT_EQ(map(1), 1);
}

TEST(Calibration, IsAdoptedOnlyWhereItHelps) {
  const Rows wrong = rows_of(1, 3000, overconfident);

  const auto map = *calibrate_if_it_helps(wrong.view());

  ASSERT_TRUE(map.has_value());
  EXPECT_NEAR((*map)(0.1), 0.34, 0.1);
  EXPECT_NEAR((*map)(0.9), 0.66, 0.1);
  int adopted = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    adopted += calibrate_if_it_helps(rows_of(seed * 2654435761u + 1, 1500, calibrated).view())->has_value() ? 1 : 0;
  }
  EXPECT_LT(adopted, 10) << "what is right already is mostly left alone";
}

TEST(EstimatedPerformance, CountsRowsByTheirProbability) {
  const std::vector<double> probabilities{.9, .8, .7, .6, .4, .3, .2, .1};

  const ConfusionShares shares = *estimated_confusion(probabilities, 0.5);

  EXPECT_NEAR(shares.true_positive, 3, 1e-12);
  EXPECT_NEAR(shares.false_positive, 1, 1e-12);
  EXPECT_NEAR(shares.false_negative, 1, 1e-12);
  EXPECT_NEAR(shares.true_negative, 3, 1e-12);
  for (const double figure : {shares.accuracy(), shares.precision(), shares.recall(), shares.f1()}) {
    EXPECT_NEAR(figure, 0.75, 1e-12);
  }
}

TEST(EstimatedPerformance, FindsTheRealOneWhenProbabilitiesAreRight) {
  const Rows rows = rows_of(2, 20'000, calibrated);
  double right = 0, pairs = 0, ordered = 0;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    right += (rows.probabilities[i] >= 0.5) == (rows.labels[i] == 1) ? 1 : 0;
  }
  for (std::size_t i = 0; i < 2000; ++i) {
    for (std::size_t j = 0; j < 2000; ++j) {
      if (rows.labels[i] != 1 || rows.labels[j] != 0) continue;
      pairs += 1;
      ordered += rows.probabilities[i] > rows.probabilities[j] ? 1 : 0;
    }
  }

  EXPECT_NEAR(estimated_confusion(rows.probabilities, 0.5)->accuracy(), right / 20'000, 0.01);
  EXPECT_NEAR(*estimated_roc_auc(rows.probabilities), ordered / pairs, 0.02);
  EXPECT_TRUE(std::isnan(*estimated_roc_auc(std::vector<double>{1, 1})));
}

TEST(EstimatedPerformance, KnowsManyClasses) {
  const std::vector<double> rows{0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4};

  EXPECT_NEAR(*estimated_accuracy(rows, 3), (0.7 + 0.8 + 0.4) / 3, 1e-12);
  // Class 0: TP .7, FP .3, FN .4; class 1: .8, .2, .5; class 2: .4, .6, .2.
  EXPECT_NEAR(*estimated_macro_f1(rows, 3), (1.4 / 2.1 + 1.6 / 2.3 + 0.8 / 1.6) / 3, 1e-12);
  EXPECT_FALSE(estimated_accuracy(rows, 2).has_value());
  EXPECT_FALSE(estimated_accuracy(std::vector{0.5, 0.4}, 2).has_value()) << "not one in all";
}

// Predictions have exactly the shares that the confusion matrix gives for the new mix.
TEST(LabelShift, IsFoundFromPredictionsAlone) {
  const std::vector<double> confusion{450, 30, 20, 40, 240, 10, 10, 30, 170};  // classes: 500, 300, 200
  const std::vector<double> mix{0.2, 0.3, 0.5}, rows{500, 300, 200};
  std::vector<double> predicted(3, 0.0);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) predicted[i] += 10'000 * mix[j] * confusion[i * 3 + j] / rows[j];
  }

  const LabelShift shift = *label_shift(confusion, predicted);

  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(shift.shares[j], mix[j], 1e-9);
    EXPECT_NEAR(shift.weights[j], mix[j] / (rows[j] / 1000), 1e-9);
  }
}

TEST(LabelShift, RefusesPredictionsThatTellNothing) {
  EXPECT_EQ(label_shift(std::vector<double>{1, 1, 1, 1}, std::vector<double>{3, 4}).error().code(),
            Code::kFailedPrecondition);
  EXPECT_FALSE(label_shift(std::vector<double>{1, 1, 1}, std::vector<double>{3, 4}).has_value());
  EXPECT_FALSE(label_shift(std::vector<double>{1, 0, 0, 1}, std::vector<double>{0, 0}).has_value());
}

TEST(PredictionPoweredMean, HoldsItsPromiseWithGoodAndWithBadPredictions) {
  for (const double noise : {0.1, 5.0}) {
    int held = 0;
    double width = 0;
    for (std::uint32_t trial = 0; trial < 1000; ++trial) {
      const auto draws = uniform_stream(trial * 2654435761u + 5, 2 * 440);
      std::vector<double> labels, theirs, others;
      for (std::size_t i = 0; i < 440; ++i) {
        const double truth = draws[2 * i], prediction = truth + 0.2 + noise * (draws[2 * i + 1] - 0.5);
        if (i < 40) {
          labels.push_back(truth);
          theirs.push_back(prediction);
        } else {
          others.push_back(prediction);
        }
      }
      const PoweredMean found = *prediction_powered_mean(labels, theirs, others, 0.1);
      held += found.interval.low <= 0.5 && 0.5 <= found.interval.high ? 1 : 0;
      width += (found.interval.high - found.interval.low) / 1000;
    }
    EXPECT_NEAR(held / 1000.0, 0.9, 0.03) << noise;
    const double of_labels_alone = 2 * 1.645 * std::sqrt(1.0 / 12 / 40);
    EXPECT_EQ(width < of_labels_alone / 2, noise < 1) << "good predictions are worth labels, bad ones are not";
  }
}

}  // namespace
}  // namespace modelyard::statistics
