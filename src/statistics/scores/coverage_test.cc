// Whether intervals of 95 % hold what they should 95 times of a hundred.
#include <gtest/gtest.h>

#include <cmath>

#include "statistics/probability.h"
#include "statistics/scores/classification.h"
#include "statistics/scores/curves.h"
#include "statistics/scores/regression.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

using Labels = std::vector<std::uint8_t>;
using Numbers = std::vector<double>;

// How often the intervals of 1000 samples of 300 rows hold the true value.
template <typename Sample>
double coverage(double truth, Sample score_of) {
  int held = 0;
  for (std::uint32_t trial = 0; trial < 1000; ++trial) {
    const Score score = score_of(uniform_stream(trial * 2654435761u + 5, 600));
    held += score.interval->low <= truth && truth <= score.interval->high ? 1 : 0;
  }
  return held / 1000.0;
}

// Half of the rows are of class 0, three tenths of class 1; seven of ten are right, the others are said to be the next
// class.
Confusion drawn_classes(const Numbers& draws) {
  Confusion confusion(3);
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t truth = draws[2 * i] < 0.5 ? 0 : draws[2 * i] < 0.8 ? 1 : 2;
    EXPECT_TRUE(confusion.add(truth, draws[2 * i + 1] < 0.7 ? truth : (truth + 1) % 3));
  }
  return confusion;
}

RegressionScores drawn_regression(const Numbers& draws) {
  Numbers truth, predicted;
  for (std::size_t i = 0; i < 300; ++i) {
    predicted.push_back(draws[2 * i]);
    truth.push_back(draws[2 * i] + 0.2 * normal_quantile(draws[2 * i + 1]));
  }
  return *regression_scores(truth, predicted, 0.5, 0.05);
}

TEST(Intervals, OfClassesHoldTheTruthAsOftenAsTheySay) {
  const double f1 = (2 * .35 / (.5 + .35 + .06) + 2 * .21 / (.3 + .21 + .15) + 2 * .14 / (.2 + .14 + .09)) / 3;

  EXPECT_NEAR(coverage(0.7, [](const auto& draws) { return *accuracy(drawn_classes(draws), 0.05); }), 0.95, 0.02);
  EXPECT_NEAR(coverage(f1, [](const auto& draws) { return macro_averages(drawn_classes(draws), 0.05)->f1; }), 0.95,
              0.02);
}

TEST(Intervals, OfRocAucHoldTheTruthAsOftenAsTheySay) {
  const auto sample = [](const Numbers& draws) {
    Numbers scores;
    Labels labels;
    for (std::size_t i = 0; i < 300; ++i) {
      labels.push_back(draws[2 * i] < 0.3 ? 1 : 0);
      scores.push_back(normal_quantile(draws[2 * i + 1]) + labels.back());
    }
    return *roc_auc(scores, labels, 0.05);
  };
  EXPECT_NEAR(coverage(normal_cdf(std::sqrt(0.5)), sample), 0.95, 0.02);
}

TEST(Intervals, OfRegressionsHoldTheTruthAsOftenAsTheySay) {
  EXPECT_NEAR(coverage(0.2, [](const auto& draws) { return drawn_regression(draws).rmse; }), 0.95, 0.02);
  EXPECT_NEAR(coverage(1 - 0.04 / (0.04 + 1.0 / 12), [](const auto& draws) { return *drawn_regression(draws).r2; }),
              0.95, 0.02);
}

}  // namespace
}  // namespace modelyard::statistics
