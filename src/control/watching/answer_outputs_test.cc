#include "control/watching/answer_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::control {
namespace {

using inference::DataType;
using monitoring::Evaluation;
using testing::ElementsAre;
using testing::HasSubstr;

inference::Signature signature_of(std::vector<inference::TensorSpec> outputs) {
  inference::Signature signature;
  signature.inputs = {{.name = "x", .shape = {-1, 2}, .features = {"age", "label"}}};
  signature.outputs = std::move(outputs);
  return signature;
}

Evaluation completed(Evaluation evaluation, const inference::Signature& signature) {
  return *monitoring::complete(std::move(evaluation), signature);
}

TEST(AnsweredClasses, StandInTheOutputWithTheClass) {
  const auto signature =
      signature_of({{.name = "decision", .type = DataType::kInt64, .shape = {-1}}, {.name = "p", .shape = {-1, 3}}});
  const auto classes = answered_classes(completed({.classes = {"a", "b", "c"}}, signature), signature);
  EXPECT_EQ(classes->feature, "decision");
  EXPECT_THAT(classes->names, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(classes->threshold.has_value());
}

TEST(AnsweredClasses, AreCalledAsTheProfileCallsAnOutputWithTheNameOfAnInput) {
  const auto signature = signature_of({{.name = "label", .type = DataType::kBytes, .shape = {-1, 1}}});
  EXPECT_EQ(answered_classes(completed({}, signature), signature)->feature, "label (output)");
}

TEST(AnsweredClasses, AreTheSidesOfAThresholdWhereThereIsOnlyAProbability) {
  const auto signature = signature_of({{.name = "p", .shape = {-1, 2}}});
  const Evaluation evaluation{.classes = {"yes", "no"}, .positive = "yes", .threshold = 0.3};
  const auto classes = answered_classes(completed(evaluation, signature), signature);
  EXPECT_EQ(classes->feature, "p[0]");
  EXPECT_THAT(classes->names, ElementsAre("no", "yes"));
  EXPECT_EQ(classes->threshold, 0.3);
}

TEST(AnsweredClasses, CannotBeCountedFromScoresOfSeveralClassesOrNumbers) {
  const auto scores = signature_of({{.name = "p", .shape = {-1, 3}}});
  EXPECT_THAT(answered_classes(completed({}, scores), scores).error().message(), HasSubstr("each score by itself"));
  const auto price = signature_of({{.name = "price", .shape = {-1, 1}}});
  EXPECT_THAT(answered_classes(completed({}, price), price).error().message(), HasSubstr("its task is regression"));
}

}  // namespace
}  // namespace modelyard::control
