#include "monitoring/accuracy/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::TensorView;
using testing::HasSubstr;

// Outputs of one request: `score` and, when given, `label`.
class Answer {
 public:
  Answer(std::vector<double> scores, std::size_t rows) : scores_(std::move(scores)), rows_(rows) {
    shape_ = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(scores_.size() / rows)};
    label_shape_ = {static_cast<std::int64_t>(rows)};
    views_.push_back({"score", DataType::kFp64, shape_, std::as_bytes(std::span(scores_))});
  }
  Answer& with_labels(std::vector<std::int64_t> labels) {
    labels_ = std::move(labels);
    views_.push_back({"label", DataType::kInt64, label_shape_, std::as_bytes(std::span(labels_))});
    return *this;
  }
  Result<ReadOutputs> read(const Evaluation& evaluation) const { return ReadOutputs::read(evaluation, views_, rows_); }

 private:
  std::vector<double> scores_;
  std::vector<std::int64_t> labels_;
  std::size_t rows_;
  inference::Shape shape_, label_shape_;
  std::vector<TensorView> views_;
};

Evaluation of(Task task, std::vector<std::string> classes = {}, std::string positive = "") {
  Evaluation evaluation;
  evaluation.task = task;
  evaluation.score = "score";
  evaluation.prediction = "label";
  evaluation.classes = std::move(classes);
  evaluation.positive = std::move(positive);
  return evaluation;
}

Status add(JudgedRows& rows, const Answer& answer, const std::vector<Truth>& truth, std::uint64_t request = 0) {
  MODELYARD_ASSIGN(const ReadOutputs outputs, answer.read(rows.evaluation()));
  for (std::size_t i = 0; i < truth.size(); ++i) {
    MODELYARD_TRY(rows.add({.request = request}, truth[i], outputs, i));
  }
  return ok();
}

Metrics measured(const JudgedRows& rows) {
  std::vector<std::size_t> all(rows.rows().size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return measure(rows, all);
}

double value_of(const Metrics& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics.list, name, &Metric::name);
  return found == metrics.list.end() ? std::nan("") : found->score.value;
}

TEST(Metrics, JudgeTwoClassesAtTheThresholdOfTheEndpoint) {
  Evaluation evaluation = of(Task::kBinary);
  evaluation.threshold = 0.3;
  JudgedRows rows(evaluation);
  ASSERT_TRUE(add(rows, Answer({0.9, 0.4, 0.2, 0.35}, 4), {1.0, 1.0, 1.0, 0.0}));

  const Metrics metrics = measured(rows);

  EXPECT_EQ(metrics.rows, 4u);
  EXPECT_EQ(value_of(metrics, "accuracy"), 0.5);
  EXPECT_NEAR(value_of(metrics, "precision"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(value_of(metrics, "recall"), 2.0 / 3, 1e-12);
  EXPECT_EQ(value_of(metrics, "specificity"), 0);
  EXPECT_NEAR(value_of(metrics, "roc_auc"), 2.0 / 3, 1e-12);
  EXPECT_EQ(metrics.confusion, (std::vector<std::vector<std::uint64_t>>{{0, 1}, {1, 2}}));
}

TEST(Metrics, TakeThePositiveColumnOfTwo) {
  JudgedRows last(of(Task::kBinary, {"ok", "fraud"})), first(of(Task::kBinary, {"fraud", "ok"}, "fraud"));
  ASSERT_TRUE(add(last, Answer({0.1, 0.9, 0.8, 0.2}, 2), {"fraud", "ok"}));
  ASSERT_TRUE(add(first, Answer({0.9, 0.1, 0.2, 0.8}, 2), {"fraud", "ok"}));

  EXPECT_EQ(value_of(measured(last), "accuracy"), 1);
  EXPECT_EQ(value_of(measured(first), "accuracy"), 1);
  EXPECT_EQ(measured(first).classes[1].name, "fraud");
}

TEST(Metrics, TakeTheFirstColumnForAPositiveZero) {
  JudgedRows rows(of(Task::kBinary, {}, "0"));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.1, 0.2, 0.8}, 2), {0.0, 1.0}));
  EXPECT_EQ(value_of(measured(rows), "accuracy"), 1);
  EXPECT_EQ(value_of(measured(rows), "roc_auc"), 1);
}

TEST(Metrics, TakeThePlaceOfOneOfTwoClassesForItsName) {
  for (const char* positive : {"churned", "stayed"}) {
    JudgedRows rows(of(Task::kBinary, {"stayed", "churned"}, positive));
    Evaluation by_label = rows.evaluation();
    by_label.score = "";
    JudgedRows labelled(by_label);
    ASSERT_TRUE(add(labelled, Answer({}, 4).with_labels({0, 1, 1, 0}), {0.0, "churned", "stayed", 1.0}));
    EXPECT_EQ(value_of(measured(labelled), "accuracy"), 0.5) << positive;
    EXPECT_EQ(measured(labelled).classes[1].name, positive);
    // The place of a label, beside a probability of the positive class.
    const double of_first = positive == std::string_view("stayed") ? 0.9 : 0.1;
    ASSERT_TRUE(add(rows, Answer({of_first}, 1), {0.0}));
    EXPECT_EQ(value_of(measured(rows), "accuracy"), 1) << positive;
    EXPECT_FALSE(add(rows, Answer({0.5}, 1), {2.0}));
    EXPECT_FALSE(add(rows, Answer({0.5}, 1), {"0"}));
  }
}

TEST(Metrics, TakeANameThatIsANumberForTheNameAndNotForAPlace) {
  Evaluation evaluation = of(Task::kBinary, {"1", "0"});
  evaluation.score = "";
  JudgedRows rows(evaluation);
  ASSERT_TRUE(add(rows, Answer({}, 1).with_labels({0}), {0.0}));
  EXPECT_EQ(rows.rows()[0].truth, 1);  // "0" is the second
  EXPECT_EQ(rows.rows()[0].predicted, 1);
}

TEST(Metrics, TakeNoThirdClass) {
  JudgedRows rows(of(Task::kBinary, {"stayed", "churned"}));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.1}, 2), {"churned", "stayed"}));

  const Status third = add(rows, Answer({0.9}, 1), {"chruned"});

  ASSERT_FALSE(third);
  EXPECT_THAT(third.error().message(), HasSubstr("'chruned' is neither 'stayed' nor 'churned'"));
  EXPECT_EQ(rows.rows().size(), 2u);
}

TEST(Metrics, TakeTrueAndFalseForOneAndZero) {
  JudgedRows rows(of(Task::kBinary));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.1, 0.8}, 3), {"true", "false", "1"}));
  EXPECT_EQ(value_of(measured(rows), "accuracy"), 1);
}

TEST(Metrics, LeaveOutWhatScoresThatAreNoProbabilitiesDoNotGive) {
  JudgedRows rows(of(Task::kBinary));
  ASSERT_TRUE(add(rows, Answer({2.5, -1.5}, 2), {1.0, 0.0}));

  const Metrics metrics = measured(rows);

  EXPECT_EQ(value_of(metrics, "roc_auc"), 1);
  EXPECT_TRUE(std::isnan(value_of(metrics, "log_loss")));
}

TEST(Metrics, LeaveOutCurvesWhileOnlyOneClassIsThere) {
  JudgedRows rows(of(Task::kBinary));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.8}, 2), {1.0, 1.0}));

  EXPECT_TRUE(std::isnan(value_of(measured(rows), "roc_auc")));
  EXPECT_EQ(value_of(measured(rows), "accuracy"), 1);
}

TEST(Metrics, JudgeSeveralClassesByNameOrByNumber) {
  JudgedRows rows(of(Task::kMulticlass, {"cat", "dog", "owl"}));
  ASSERT_TRUE(add(rows, Answer({0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4}, 3).with_labels({0, 1, 2}),
                  {"cat", "owl", "owl"}));

  const Metrics metrics = measured(rows);

  EXPECT_NEAR(value_of(metrics, "accuracy"), 2.0 / 3, 1e-12);
  ASSERT_EQ(metrics.classes.size(), 3u);
  EXPECT_EQ(metrics.classes[2].name, "owl");
  EXPECT_EQ(metrics.classes[2].scores.support, 2u);
  EXPECT_FALSE(std::isnan(value_of(metrics, "log_loss")));
}

TEST(Metrics, TakeThePlaceOfAClassForItsName) {
  JudgedRows rows(of(Task::kMulticlass, {"cat", "dog", "owl"}));
  ASSERT_TRUE(add(rows, Answer({0.7, 0.2, 0.1}, 1), {0.0}));
  ASSERT_TRUE(add(rows, Answer({0.1, 0.2, 0.7}, 1), {"owl"}));
  EXPECT_EQ(value_of(measured(rows), "accuracy"), 1);
  EXPECT_EQ(rows.classes().size(), 3u);
  EXPECT_FALSE(add(rows, Answer({0.1, 0.2, 0.7}, 1), {"weasel"}));
  EXPECT_FALSE(add(rows, Answer({0.1, 0.2, 0.7}, 1), {3.0}));
}

TEST(Metrics, JudgeNumbers) {
  JudgedRows rows(of(Task::kRegression));
  ASSERT_TRUE(add(rows, Answer({1, 3, 5}, 3), {2.0, "3", 3.0}));

  const Metrics metrics = measured(rows);

  EXPECT_NEAR(value_of(metrics, "mae"), 1, 1e-12);
  EXPECT_NEAR(value_of(metrics, "rmse"), std::sqrt(5.0 / 3), 1e-12);
  EXPECT_NEAR(value_of(metrics, "bias"), 1.0 / 3, 1e-12);
}

TEST(Metrics, JudgeTheOrderWithinEachRequest) {
  JudgedRows rows(of(Task::kRanking));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.5, 0.1}, 3), {1.0, 0.0, 0.0}, 1));
  ASSERT_TRUE(add(rows, Answer({0.9, 0.5}, 2), {0.0, 1.0}, 2));

  EXPECT_NEAR(value_of(measured(rows), "mrr"), 0.75, 1e-12);
  EXPECT_NEAR(value_of(measured(rows), "ndcg"), (1 + 1 / std::log2(3)) / 2, 1e-12);
}

TEST(Metrics, SumUpValues) {
  JudgedRows rows(of(Task::kValue));
  ASSERT_TRUE(add(rows, Answer({0, 0}, 2), {10.0, 30.0}));

  EXPECT_EQ(value_of(measured(rows), "mean"), 20);
  EXPECT_EQ(value_of(measured(rows), "sum"), 40);
}

TEST(JudgedRows, SayWhatCannotBeRead) {
  JudgedRows numbers(of(Task::kRegression)), ranking(of(Task::kRanking)), classes(of(Task::kMulticlass));
  const std::pair<Status, const char*> wrong[] = {
      {add(numbers, Answer({1}, 1), {"many"}), "'many' is no number"},
      {add(numbers, Answer({std::nan("")}, 1), {1.0}), "the answer is no number"},
      {add(numbers, Answer({1}, 1), {1e36}), "is beyond"},
      {add(numbers, Answer({1}, 1), {1.0, 2.0}), "the label is of row 1, the prediction has 1"},
      {add(ranking, Answer({1}, 1), {-1.0}), "below zero"},
      {add(classes, Answer({1, 2, 3}, 2), {1.0}), "was not kept as numbers"},
  };
  for (const auto& [status, words] : wrong) {
    ASSERT_FALSE(status) << words;
    EXPECT_THAT(status.error().message(), HasSubstr(words));
  }
  EXPECT_FALSE(ReadOutputs::read(of(Task::kBinary), {}, 1));
}

TEST(Metrics, AreNoneOfNoRows) {
  const JudgedRows rows(of(Task::kBinary));
  EXPECT_TRUE(measured(rows).list.empty());
}

TEST(JudgedRows, TellWholeNumbersApartThatAreOneAsADouble) {
  Answer answer({}, 2);
  answer.with_labels({9007199254740992, 9007199254740993});
  Evaluation only_label = of(Task::kMulticlass);
  only_label.score = "";
  JudgedRows judged(only_label);

  ASSERT_TRUE(add(judged, answer, {Truth("9007199254740992"), Truth("9007199254740992")}));

  EXPECT_EQ(judged.rows()[0].truth, judged.rows()[0].predicted);
  EXPECT_NE(judged.rows()[1].truth, judged.rows()[1].predicted);
  EXPECT_EQ(judged.classes(), (std::vector<std::string>{"9007199254740992", "9007199254740993"}));
}

}  // namespace
}  // namespace modelyard::monitoring
