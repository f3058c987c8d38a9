#include "monitoring/accuracy/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::Signature;
using inference::TensorSpec;
using testing::HasSubstr;

TensorSpec output(std::string name, DataType type, inference::Shape shape) {
  return {.name = std::move(name), .type = type, .shape = std::move(shape)};
}

Evaluation completed(const Json& settings, std::vector<TensorSpec> outputs) {
  Signature signature;
  signature.outputs = std::move(outputs);
  auto evaluation = complete(*parse_evaluation(settings), signature);
  EXPECT_TRUE(evaluation) << evaluation.error().message();
  return evaluation ? *evaluation : Evaluation();
}

const TensorSpec kLabel = output("label", DataType::kInt64, {-1});
const TensorSpec kTwo = output("probabilities", DataType::kFp32, {-1, 2});
const TensorSpec kTen = output("probabilities", DataType::kFp32, {-1, 10});
const TensorSpec kNumber = output("y", DataType::kFp32, {-1, 1});

TEST(Evaluation, TakesWhatTheOutputsSuggest) {
  const Evaluation binary = completed(Json::object(), {kLabel, kTwo});
  EXPECT_EQ(binary.task, Task::kBinary);
  EXPECT_EQ(binary.score, "probabilities");
  EXPECT_EQ(binary.prediction, "label");

  EXPECT_EQ(completed(Json::object(), {kLabel, kTen}).task, Task::kMulticlass);
  EXPECT_EQ(completed(Json::object(), {kLabel}).prediction, "label");

  const Evaluation regression = completed(Json::object(), {kNumber});
  EXPECT_EQ(regression.task, Task::kRegression);
  EXPECT_EQ(regression.prediction, "y");
}

TEST(Evaluation, TakesOneColumnForAProbabilityWhenItIsTold) {
  EXPECT_EQ(completed({{"task", "binary"}}, {kNumber}).score, "y");
  EXPECT_EQ(completed({{"classes", {"ok", "fraud"}}}, {kNumber}).task, Task::kBinary);
  EXPECT_EQ(completed({{"task", "ranking"}}, {kNumber}).score, "y");
  EXPECT_EQ(completed({{"task", "value"}}, {kNumber}).score, "");
}

TEST(Evaluation, TakesAColumnOfAnOutput) {
  TensorSpec named = kTen;
  named.shape = {-1, 3};
  named.features = {"mean", "no", "yes"};
  const Evaluation evaluation = completed({{"score", "probabilities.yes"}}, {kLabel, named});
  EXPECT_EQ(evaluation.task, Task::kBinary);
  EXPECT_EQ(evaluation.prediction, "label");
}

TEST(Evaluation, AsksWhereTheOutputsDoNotTell) {
  Signature two_numbers;
  two_numbers.outputs = {kNumber, output("z", DataType::kFp32, {-1, 1})};

  const auto evaluation = complete(Evaluation(), two_numbers);

  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().code(), Code::kFailedPrecondition);
  EXPECT_THAT(evaluation.error().message(), HasSubstr("modelyard evaluate"));
}

TEST(Evaluation, AsksForBothClassesWhereOneIsNamed) {
  Signature signature;
  signature.outputs = {kTwo};
  for (const Json& settings : {Json{{"positive", "fraud"}}, Json{{"task", "binary"}, {"classes", {"a", "b", "c"}}}}) {
    const auto evaluation = complete(*parse_evaluation(settings), signature);
    ASSERT_FALSE(evaluation);
    EXPECT_THAT(evaluation.error().message(), HasSubstr("a binary task has two"));
  }
  EXPECT_TRUE(complete(*parse_evaluation({{"positive", 0}}), signature));
}

TEST(Evaluation, RefusesAnOutputThatIsNotThere) {
  Signature signature;
  signature.outputs = {kTwo};

  const auto evaluation = complete(*parse_evaluation({{"score", "p"}}), signature);

  ASSERT_FALSE(evaluation);
  EXPECT_THAT(evaluation.error().message(), HasSubstr("there are probabilities"));
}

TEST(Evaluation, RefusesSettingsThatMeanNothing) {
  const std::pair<Json, const char*> wrong[] = {
      {{{"task", "binry"}}, "did you mean 'binary'"},
      {{{"threshold", 1.5}}, "evaluation.threshold: 1.5"},
      {{{"quantile", -0.1}}, "evaluation.quantile"},
      {{{"coverage", 2}}, "evaluation.coverage"},
      {{{"cutoff", 0}}, "evaluation.cutoff"},
      {{{"classes", {"a"}}}, "evaluation.classes"},
      {{{"classes", {"a", "a"}}}, "comes twice"},
      {{{"classes", {"a", "b"}}, {"positive", "c"}}, "none of the classes"},
      {{{"classes", {1, nullptr}}}, "a class is a text or a number"},
      {{{"treshold", 0.5}}, "treshold"},
  };
  for (const auto& [settings, words] : wrong) {
    const auto evaluation = parse_evaluation(settings);
    ASSERT_FALSE(evaluation) << settings;
    EXPECT_THAT(evaluation.error().message(), HasSubstr(words));
  }
}

TEST(Evaluation, WritesClassesThatAreNumbersOneWay) {
  const Json classes{{"classes", {0, 1.0, "2", 0.5, true}}};
  // true is 1, which is there.
  EXPECT_FALSE(parse_evaluation(classes));
  EXPECT_EQ(parse_evaluation({{"classes", {0, 1.0, "2", 0.5}}})->classes,
            (std::vector<std::string>{"0", "1", "2", "0.5"}));
  EXPECT_EQ(class_text(-0.0), "0");
  EXPECT_EQ(class_text(1e6), "1000000");
}

}  // namespace
}  // namespace modelyard::monitoring
