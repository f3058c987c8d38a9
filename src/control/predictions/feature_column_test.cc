#include "control/predictions/feature_column.h"

#include <gtest/gtest.h>

#include <cmath>

namespace modelyard::control {
namespace {

using journal::FieldRecord;
using journal::PayloadRecord;
using journal::Side;
using journal::Treatment;

template <typename T>
FieldRecord input(std::string name, inference::DataType type, const std::vector<T>& values, inference::Shape shape) {
  FieldRecord field{Side::kInput, Treatment::kKept, std::move(name), type, std::move(shape), ""};
  field.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return field;
}

inference::Signature signature() {
  inference::Signature signature;
  signature.inputs = {{.name = "x", .shape = {-1, 2}, .features = {"age", "debt"}},
                      {.name = "visits", .type = inference::DataType::kInt64, .shape = {-1}}};
  return signature;
}

std::vector<FeatureValue> values(std::initializer_list<double> numbers) {
  return {numbers.begin(), numbers.end()};
}

TEST(FeatureColumn, IsFoundInATensorAndInItsColumns) {
  PayloadRecord payload;
  payload.fields = {input("x", inference::DataType::kFp32, std::vector<float>{1, 2, 3, 4}, {2, 2}),
                    input("visits", inference::DataType::kInt64, std::vector<std::int64_t>{7, 8}, {2})};

  EXPECT_EQ(feature_values(payload, signature(), "debt", 2), values({2, 4}));
  EXPECT_EQ(feature_values(payload, signature(), "visits", 2), values({7, 8}));
  EXPECT_EQ(feature_values(payload, signature(), "income", 2), std::nullopt);
  EXPECT_EQ(feature_values(payload, signature(), "visits", 3), std::nullopt);
  EXPECT_TRUE(has_feature(signature(), "age"));
  EXPECT_FALSE(has_feature(signature(), "income"));
}

TEST(FeatureColumn, IsFoundWhereCaptureHasTakenATensorApart) {
  PayloadRecord payload;
  payload.fields = {input("x.age", inference::DataType::kFp32, std::vector<float>{1, 3}, {2}),
                    input("x.debt", inference::DataType::kFp32, std::vector<float>{2, 4}, {2})};
  payload.fields[1].treatment = Treatment::kMasked;

  EXPECT_EQ(feature_values(payload, signature(), "age", 2), values({1, 3}));
  EXPECT_EQ(feature_values(payload, signature(), "debt", 2), std::nullopt);
}

TEST(FeatureGroups, AreTheValuesWhenTheyAreFew) {
  const std::vector<FeatureValue> list{"de", "fr", "de", FeatureValue()};
  const FeatureGroups groups(list);

  EXPECT_EQ(groups.names()[groups.group_of("fr")], "fr");
  EXPECT_EQ(groups.names()[groups.group_of(FeatureValue())], "(not captured)");
}

TEST(FeatureGroups, AreQuartersOfManyNumbers) {
  std::vector<FeatureValue> list{std::nan(""), FeatureValue()};
  for (int i = 1; i <= 100; ++i) list.emplace_back(double(i));
  const FeatureGroups groups(list);

  EXPECT_EQ(groups.names()[groups.group_of(1.0)], "≤ 25");
  EXPECT_EQ(groups.names()[groups.group_of(25.0)], "≤ 25");
  EXPECT_EQ(groups.names()[groups.group_of(26.0)], "25 … 50");
  EXPECT_EQ(groups.names()[groups.group_of(100.0)], "> 75");
  EXPECT_EQ(groups.names()[groups.group_of(std::nan(""))], "missing");
  EXPECT_EQ(groups.names()[groups.group_of(FeatureValue())], "(not captured)");
}

TEST(FeatureGroups, PutTheRarestOfManyTextsTogether) {
  std::vector<FeatureValue> list;
  for (int i = 0; i < 30; ++i) {
    for (int times = 0; times <= i; ++times) list.emplace_back(fmt::format("t{:02}", i));
  }
  const FeatureGroups groups(list);

  EXPECT_EQ(groups.names().size(), FeatureGroups::kMostGroups + 2);
  EXPECT_EQ(groups.names()[groups.group_of("t29")], "t29");
  EXPECT_EQ(groups.names()[groups.group_of("t01")], "(other)");
}

}  // namespace
}  // namespace modelyard::control
