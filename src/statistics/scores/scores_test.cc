// Expectations are those of scikit-learn 1.9.1 on the same streams, their intervals those of scipy 1.17.1; the interval
// of AUC is the definition of DeLong 1988 over all pairs, those of macro averages have gradients by central
// differences.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "statistics/scores/classification.h"
#include "statistics/scores/curves.h"
#include "statistics/scores/ranking.h"
#include "statistics/scores/regression.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
using Labels = std::vector<std::uint8_t>;
using Numbers = std::vector<double>;

void expect_near(double value, double expected) {
  EXPECT_NEAR(value, expected, 1e-9 * std::max(1.0, std::abs(expected)));
}

void expect_score(const Score& score, double value, double low, double high) {
  expect_near(score.value, value);
  ASSERT_TRUE(score.interval.has_value());
  expect_near(score.interval->low, low);
  expect_near(score.interval->high, high);
}

template <typename T>
bool refuses(const Result<T>& result) {
  return !result && result.error().code() == Code::kInvalidArgument;
}

// Of five classes, of which the last one never occurs and the one before is never predicted.
Confusion four_classes() {
  const auto a = uniform_stream(11, 1000), b = uniform_stream(12, 1000);
  Confusion confusion(5);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto truth = static_cast<std::size_t>(4 * a[i]);
    const auto said = b[i] < 0.6 ? truth : static_cast<std::size_t>(3 * b[i]);
    EXPECT_TRUE(confusion.add(truth, said == 3 ? 0 : said));
  }
  return confusion;
}

TEST(Confusion, CountsCellsAndTheirSums) {
  const Confusion confusion = four_classes();

  EXPECT_EQ(confusion.total(), 1000u);
  EXPECT_EQ(confusion.count(1, 2), 91u);
  EXPECT_EQ(confusion.count(2, 1), 14u);
  EXPECT_EQ(confusion.count(4, 4), 0u);
  EXPECT_EQ(confusion.support(3), 254u);
  EXPECT_EQ(confusion.predicted(3), 0u);
  EXPECT_EQ(confusion.cells().size(), 10u);
}

TEST(Confusion, RefusesWhatIsNoClassAndMoreThanItCanCount) {
  Confusion confusion(2);

  EXPECT_TRUE(refuses(confusion.add(0, 2)));
  EXPECT_TRUE(refuses(confusion.add(2, 0)));
  EXPECT_TRUE(confusion.add(0, 1, Confusion::kMostRows - 1));
  EXPECT_TRUE(refuses(confusion.add(1, 1, 2)));
  EXPECT_TRUE(confusion.add(1, 1, 0));
  EXPECT_EQ(confusion.total(), Confusion::kMostRows - 1);
  EXPECT_EQ(confusion.cells().size(), 1u);
}

TEST(ClassScores, AreThoseOfScikitLearn) {
  const Numbers precision{0.49122807017543857, 0.8133971291866029, 0.49407114624505927};
  const Numbers recall{0.6334841628959276, 0.6513409961685823, 0.946969696969697};
  const Numbers f1{0.5533596837944664, 0.723404255319149, 0.6493506493506493};
  const Confusion confusion = four_classes();

  for (std::size_t k = 0; k < 3; ++k) {
    const ClassScores scores = *class_scores(confusion, k, 0.05);
    expect_near(scores.precision->value, precision[k]);
    expect_near(scores.recall->value, recall[k]);
    expect_near(scores.f1->value, f1[k]);
  }
  const Interval wilson = *wilson_interval({140, 285}, 0.05), of_jaccard = *wilson_interval({140, 366}, 0.05);
  const ClassScores first = *class_scores(confusion, 0, 0.05);
  expect_score(*first.precision, precision[0], wilson.low, wilson.high);
  expect_score(*first.f1, f1[0], 2 * of_jaccard.low / (1 + of_jaccard.low),
               2 * of_jaccard.high / (1 + of_jaccard.high));
  expect_near(accuracy(confusion, 0.05)->value, 0.56);
}

TEST(ClassScores, AreMissingWhereThereIsNothingToDivideBy) {
  const ClassScores unpredicted = *class_scores(four_classes(), 3, 0.05),
                    absent = *class_scores(four_classes(), 4, 0.05);

  EXPECT_EQ(unpredicted.support, 254u);
  EXPECT_FALSE(unpredicted.precision.has_value());
  EXPECT_EQ(unpredicted.recall->value, 0);
  EXPECT_EQ(unpredicted.f1->value, 0);
  EXPECT_FALSE(absent.precision || absent.recall || absent.f1);
  EXPECT_TRUE(refuses(class_scores(four_classes(), 5, 0.05)));
}

TEST(Averages, AreThoseOfScikitLearn) {
  const Averages macro = *macro_averages(four_classes(), 0.05), weighted = *weighted_averages(four_classes());

  expect_score(macro.precision, 0.4496740864017752, 0.4272350907355899, 0.4721130820679604);
  expect_score(macro.recall, 0.5579487140085517, 0.5354362192963585, 0.5804612087207449);
  expect_score(macro.f1, 0.4815286471160662, 0.45912945177396847, 0.5039278424581638);
  expect_near(weighted.precision.value, 0.45129283683517085);
  expect_near(weighted.recall.value, 0.56);
  expect_near(weighted.f1.value, 0.48252957218544634);
  EXPECT_FALSE(weighted.f1.interval.has_value());
}

TEST(Averages, HaveNoIntervalWhereAllRowsAreAlike) {
  for (const std::size_t said : {std::size_t{0}, std::size_t{1}}) {
    Confusion confusion(3);
    EXPECT_TRUE(refuses(macro_averages(confusion, 0.05))) << "there are no rows";
    EXPECT_TRUE(refuses(accuracy(confusion, 0.05)));
    ASSERT_TRUE(confusion.add(0, said, 40));
    const Averages macro = *macro_averages(confusion, 0.05);
    EXPECT_EQ(macro.f1.value, said == 0 ? 1 : 0);
    EXPECT_FALSE(macro.f1.interval || macro.precision.interval || macro.recall.interval);
    EXPECT_TRUE(accuracy(confusion, 0.05)->interval.has_value()) << "Wilson's knows how few they are";
    EXPECT_TRUE(refuses(macro_averages(confusion, 0)));
    EXPECT_TRUE(refuses(accuracy(confusion, kNaN)));
  }
}

TEST(Losses, OfTwoClassesAreThoseOfScikitLearn) {
  const auto probabilities = uniform_stream(21, 400), draws = uniform_stream(22, 400);
  Labels labels;
  for (std::size_t i = 0; i < 400; ++i) labels.push_back(draws[i] < probabilities[i] * probabilities[i] ? 1 : 0);
  const Labelled rows{probabilities, labels};

  expect_score(*log_loss(rows, 0.05), 0.5003357684803068, 0.4515085649569208, 0.5491629720036928);
  expect_score(*brier(rows, 0.05), 0.16573450076727916, 0.14663448205559546, 0.18483451947896287);
  expect_near(log_loss({Numbers{1, 0, 1}, Labels{0, 1, 1}}, 0.05)->value, 24.029102259411435);
}

TEST(Losses, OfManyClassesAreThoseOfScikitLearn) {
  auto probabilities = uniform_stream(31, 900);
  std::vector<std::uint32_t> truth;
  for (const double draw : uniform_stream(32, 300)) truth.push_back(static_cast<std::uint32_t>(3 * draw));
  for (std::size_t i = 0; i < 900; i += 3) {
    const double sum = probabilities[i] + probabilities[i + 1] + probabilities[i + 2] + 0.15;
    for (std::size_t k = 0; k < 3; ++k) probabilities[i + k] = (probabilities[i + k] + 0.05) / sum;
  }

  expect_near(log_loss({probabilities, 3, truth}, 0.05)->value, 1.2093120112890963);
  expect_near(brier({probabilities, 3, truth}, 0.05)->value, 0.7297119656150011);
  EXPECT_TRUE(refuses(log_loss({probabilities, 9, truth}, 0.05)));
  EXPECT_TRUE(refuses(log_loss({Numbers{1, 0}, 1, std::vector<std::uint32_t>{0, 0}}, 0.05)));
  EXPECT_TRUE(refuses(log_loss({Numbers{0.5, 0.5}, 2, std::vector<std::uint32_t>{2}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{0.5, 0.6}, 2, std::vector<std::uint32_t>{1}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{1.5, -0.5}, 2, std::vector<std::uint32_t>{1}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{kNaN, 1}, 2, std::vector<std::uint32_t>{1}}, 0.05)));
  EXPECT_TRUE(refuses(brier({{}, 2, {}}, 0.05)));
}

TEST(Losses, RefuseWhatIsNoProbability) {
  EXPECT_TRUE(refuses(log_loss({Numbers{1.1}, Labels{1}}, 0.05)));
  EXPECT_TRUE(refuses(log_loss({Numbers{kNaN}, Labels{1}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{0.5}, Labels{2}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{0.5}, Labels{1, 0}}, 0.05)));
  EXPECT_TRUE(refuses(brier({Numbers{0.5}, Labels{1}}, 1)));
  EXPECT_TRUE(refuses(log_loss(Labelled{}, 0.05)));
  EXPECT_FALSE(brier({Numbers{0.5}, Labels{1}}, 0.05)->interval.has_value()) << "one row";
}

struct Curve {
  const char* name;
  Numbers scores;
  Labels labels;
  double auc, auc_low, auc_high;  // NaN: no interval
  double precision, precision_low, precision_high;
};

std::vector<Curve> drawn_curves() {
  const auto draws = uniform_stream(41, 500), classes = uniform_stream(42, 500);
  Numbers plain, tied;
  Labels labels;
  for (std::size_t i = 0; i < 500; ++i) {
    labels.push_back(classes[i] < 0.3 ? 1 : 0);
    plain.push_back(draws[i] + 0.3 * labels[i]);
    tied.push_back(std::floor(8 * draws[i]) - 3 + 2 * labels[i]);
  }
  return {
      {"plain", plain, labels, 0.7154338327091136, 0.6663891464733488, 0.7598665536115367, 0.5657409828088066,
       0.4837491740328624, 0.6442861993066433},
      {"ties", tied, labels, 0.6785365948813983, 0.6278637858049263, 0.7253279616216152, 0.5002774496007496,
       0.41932354599488647, 0.5812168096111368},
  };
}

std::vector<Curve> small_curves() {
  return {
      {"few",
       {.1, .4, .35, .8},
       {0, 0, 1, 1},
       0.75,
       0.06932327703202112,
       0.9917916068049315,
       0.8333333333333333,
       0.1081930762975811,
       0.9951706776793223},
      {"equal", {1, 1, 1, 1, 1}, {0, 1, 0, 1, 0}, 0.5, kNaN, kNaN, 0.4, 0.037890441862492394, 0.9186017742356832},
      {"worst",
       {1, 2, 3, 4},
       {1, 1, 0, 0},
       0,
       kNaN,
       kNaN,
       0.41666666666666663,
       0.04118601743588902,
       0.9223457445633085},
      {"best", {4, 3, 2, 1}, {1, 1, 0, 0}, 1, kNaN, kNaN, 1, kNaN, kNaN},
      {"huge",
       {-1e300, 1e300, 0, 5e-324, -5e-324},
       {0, 1, 1, 0, 1},
       0.6666666666666666,
       0.06953771043416017,
       0.9816590306285339,
       0.8055555555555556,
       0.1918866857374897,
       0.9863539966818549},
  };
}

TEST(Curves, AreThoseOfScikitLearn) {
  const auto expect = [](const Score& score, double value, double low, double high) {
    if (!std::isnan(low)) return expect_score(score, value, low, high);
    expect_near(score.value, value);
    EXPECT_FALSE(score.interval.has_value());
  };
  for (const auto& curves : {drawn_curves(), small_curves()}) {
    for (const Curve& curve : curves) {
      SCOPED_TRACE(curve.name);
      expect(*roc_auc(curve.scores, curve.labels, 0.05), curve.auc, curve.auc_low, curve.auc_high);
      expect(*average_precision(curve.scores, curve.labels, 0.05), curve.precision, curve.precision_low,
             curve.precision_high);
    }
  }
}

TEST(Curves, RefuseWhatCannotBeRanked) {
  const std::vector<std::tuple<Numbers, Labels, double>> wrong{
      {{1, 2}, {1, 1}, 0.05}, {{1, 2}, {0, 0}, 0.05},    {{1}, {1}, 0.05},
      {{}, {}, 0.05},         {{1, 2}, {1}, 0.05},       {{1, 2}, {1, 2}, 0.05},
      {{1, 2}, {0, 1}, 0},    {{kNaN, 2}, {0, 1}, 0.05}, {{1, kInfinity}, {0, 1}, 0.05},
  };
  for (const auto& [scores, labels, alpha] : wrong) {
    EXPECT_TRUE(refuses(roc_auc(scores, labels, alpha)));
    EXPECT_TRUE(refuses(average_precision(scores, labels, alpha)));
  }
  EXPECT_FALSE(roc_auc(Numbers{1, 2, 0}, Labels{0, 1, 1}, 0.05)->interval.has_value()) << "one row of a class";
}

struct Forecast {
  Numbers truth, predicted;
};

// Far from zero when `away` is.
Forecast forecast(double away) {
  const auto a = uniform_stream(51, 250), b = uniform_stream(52, 250);
  Forecast rows;
  for (std::size_t i = 0; i < 250; ++i) {
    const double truth = 10 * a[i] - 3;
    rows.truth.push_back(truth + away);
    rows.predicted.push_back(truth + 2 * b[i] - 0.7 + away);
  }
  return rows;
}

TEST(RegressionScores, AreThoseOfScikitLearn) {
  const Forecast near = forecast(0), far = forecast(1e6);
  const RegressionScores scores = *regression_scores(near.truth, near.predicted, 0.9, 0.05);
  const RegressionScores away = *regression_scores(far.truth, far.predicted, 0.9, 0.05);

  expect_score(scores.mae, 0.5448860658090562, 0.4997812869982355, 0.5899908446198768);
  expect_score(scores.rmse, 0.6538292760952849, 0.609168514256399, 0.6956286119742487);
  expect_near(scores.mape.value, 0.8539940926970051);
  expect_near(scores.quantile_loss.value, 0.17059652889799326);
  expect_near(scores.r2->value, 0.9505034717414133);
  expect_near(away.rmse.value, 0.6538292761134188);
  expect_near(away.mape.value, 5.448850531959066e-07);
  expect_near(away.r2->value, 0.9505034717386677);
  EXPECT_NEAR(away.r2->interval->low, scores.r2->interval->low, 1e-9);
}

TEST(RegressionScores, SayWhatIsNotDefined) {
  const RegressionScores zero = *regression_scores(Numbers{0, 1, -2}, Numbers{.5, 1, 2}, 0.25, 0.05);
  const RegressionScores same = *regression_scores(Numbers(9, 0.1), Numbers(9, 0.3), 0.5, 0.05);
  const RegressionScores perfect = *regression_scores(Numbers{1, 2, 4}, Numbers{1, 2, 4}, 0.5, 0.05);
  const RegressionScores one = *regression_scores(Numbers{1}, Numbers{3}, 0.5, 0.05);

  expect_near(zero.mape.value, 750599937895083.4);
  expect_near(zero.quantile_loss.value, 1.125);
  expect_near(zero.r2->value, -2.4821428571428568);
  EXPECT_EQ(zero.mae.interval->low, 0) << "no error is negative";
  EXPECT_FALSE(same.r2.has_value());
  expect_score(same.mae, 0.2, 0.2, 0.2);
  EXPECT_EQ(perfect.r2->value, 1);
  EXPECT_FALSE(perfect.r2->interval.has_value());
  EXPECT_EQ(one.rmse.value, 2);
  EXPECT_FALSE(one.rmse.interval || one.r2);
  EXPECT_FALSE(regression_scores(Numbers{0, 1e-200}, Numbers{0, 1}, 0.5, 0.05)->r2.has_value());
}

TEST(RegressionScores, RefuseWhatCannotBeCompared) {
  EXPECT_TRUE(refuses(regression_scores({}, {}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1, 2}, Numbers{1}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1, kNaN}, Numbers{1, 1}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1, 2}, Numbers{1, -kInfinity}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1e300, 2}, Numbers{-1e300, 1}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1e300}, Numbers{1}, 0.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1, 2}, Numbers{1, 1}, 1.5, 0.05)));
  EXPECT_TRUE(refuses(regression_scores(Numbers{1, 2}, Numbers{1, 1}, 0.5, 1)));
  EXPECT_TRUE(refuses(mean_score({}, 0.05)));
}

TEST(Ranking, NdcgIsThatOfScikitLearn) {
  auto relevance = uniform_stream(61, 30);
  const auto scores = uniform_stream(62, 30);
  Numbers tied;
  for (double& value : relevance) value = std::floor(4 * value);
  for (std::size_t i = 0; i < 3; ++i) relevance[i] = 0;
  for (const double score : scores) tied.push_back(std::floor(5 * score));
  const std::vector<std::tuple<std::size_t, double, double>> expected{{0, 0.7446035779606719, 0.7848294794289021},
                                                                      {1, 0, 0.4761904761904762},
                                                                      {5, 0.31920241556103235, 0.47619047619047616},
                                                                      {12, 0.4751686681567868, 0.5232965353464627},
                                                                      {40, 0.7446035779606719, 0.7848294794289021}};
  for (const auto& [k, plain, with_ties] : expected) {
    expect_near(*ndcg(relevance, scores, k), plain);
    expect_near(*ndcg(relevance, tied, k), with_ties);
  }
  expect_near(*ndcg(Numbers{10, 0, 0, 1, 5}, Numbers{.1, .2, .3, 4, 70}, 0), 0.6956940443813076);
  expect_near(*ndcg(Numbers{1, 0, 2}, Numbers{1, 1, 1}, 2), 0.6199062332840657);
  EXPECT_EQ(*ndcg(Numbers{0, 0}, Numbers{1, 2}, 0), 0);
  EXPECT_EQ(*ndcg(Numbers{1e308, 1e308}, Numbers{1, 2}, 0), 1);
}

TEST(Ranking, ReciprocalRankTakesTheWorstOrderOfTies) {
  EXPECT_EQ(*reciprocal_rank(Numbers{0, 1, 0, 2}, Numbers{9, 3, 8, 5}), 1.0 / 3);
  EXPECT_EQ(*reciprocal_rank(Numbers{0, 1, 0}, Numbers{1, 1, 1}), 1.0 / 3);
  EXPECT_EQ(*reciprocal_rank(Numbers{0, 1, 1}, Numbers{1, 1, 1}), 0.5) << "relevant ones do not stand in their own way";
  EXPECT_EQ(*reciprocal_rank(Numbers{0, 3}, Numbers{1, 2}), 1);
  EXPECT_EQ(*reciprocal_rank(Numbers{0, 0}, Numbers{1, 2}), 0);
}

TEST(Ranking, RefusesWhatCannotBeOrdered) {
  const std::vector<std::pair<Numbers, Numbers>> wrong{
      {{}, {}}, {{1}, {1, 2}}, {{-1, 1}, {1, 2}}, {{kNaN}, {1}}, {{1}, {kInfinity}}};
  for (const auto& [relevance, scores] : wrong) {
    EXPECT_TRUE(refuses(ndcg(relevance, scores, 0)));
    EXPECT_TRUE(refuses(reciprocal_rank(relevance, scores)));
  }
}

}  // namespace
}  // namespace modelyard::statistics
