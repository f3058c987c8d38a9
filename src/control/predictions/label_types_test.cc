#include "control/predictions/label_types.h"

#include <gtest/gtest.h>

namespace modelyard::control {
namespace {

using inference::DataType;
using inference::Signature;
using journal::LabelValue;

Signature answering(std::string name, DataType type, inference::Shape shape) {
  Signature signature;
  signature.outputs.push_back({.name = std::move(name), .type = type, .shape = std::move(shape)});
  return signature;
}

LabelTypes types_of(const Json& evaluation, const Signature& signature) {
  return {*monitoring::parse_evaluation(evaluation), &signature};
}

const Signature kTexts = answering("label", DataType::kBytes, {-1});
const Signature kWholeNumbers = answering("label", DataType::kInt64, {-1});
const Signature kNumbers = answering("y", DataType::kFp32, {-1, 1});

TEST(LabelTypes, LeavesTextsWhereTextsAreAnswered) {
  const LabelTypes types = types_of(Json::object(), kTexts);
  for (const char* text : {"007", "7", "1e3", "yes"}) EXPECT_EQ(types.value_of(text), LabelValue(text));
}

TEST(LabelTypes, ReadsNumbersWhereNumbersAreAnswered) {
  for (const Signature& signature : {kWholeNumbers, kNumbers}) {
    const LabelTypes types = types_of(Json::object(), signature);
    EXPECT_EQ(types.value_of("007"), LabelValue(7.0));
    EXPECT_EQ(types.value_of("-1.5e1"), LabelValue(-15.0));
    EXPECT_EQ(types.value_of("7 "), LabelValue("7 "));
    EXPECT_EQ(types.value_of("inf"), LabelValue("inf"));
  }
  EXPECT_EQ(types_of({{"task", "value"}}, kTexts).value_of("007"), LabelValue(7.0));
}

TEST(LabelTypes, KnowsTheNamesOfClasses) {
  const LabelTypes types = types_of({{"classes", {"007", "008", "1.0"}}}, kWholeNumbers);
  EXPECT_EQ(types.value_of("007"), LabelValue("007"));
  EXPECT_EQ(types.value_of("1.0"), LabelValue("1.0"));
  EXPECT_EQ(types.value_of("2"), LabelValue(2.0));  // a place
}

TEST(LabelTypes, LosesNoDigitsOfWholeNumbers) {
  const LabelTypes types = types_of(Json::object(), kWholeNumbers);
  EXPECT_EQ(types.value_of("9007199254740991"), LabelValue(9007199254740991.0));
  EXPECT_EQ(types.value_of("9007199254740993"), LabelValue("9007199254740993"));
  EXPECT_EQ(types.value_of("-12345678901234567890"), LabelValue("-12345678901234567890"));
}

TEST(LabelTypes, TakesOnlyWhatIsWrittenAsANumberForOneWhereNobodyCanSay) {
  const LabelTypes types;
  EXPECT_EQ(types.value_of("007"), LabelValue("007"));
  EXPECT_EQ(types.value_of("-01"), LabelValue("-01"));
  EXPECT_EQ(types.value_of("7"), LabelValue(7.0));
  EXPECT_EQ(types.value_of("0.5"), LabelValue(0.5));
  EXPECT_EQ(types.value_of("0"), LabelValue(0.0));
}

TEST(LabelTypes, TakesClassesOfAScoreAloneForPlaces) {
  EXPECT_EQ(types_of(Json::object(), answering("p", DataType::kFp32, {-1, 3})).value_of("02"), LabelValue(2.0));
}

}  // namespace
}  // namespace modelyard::control
