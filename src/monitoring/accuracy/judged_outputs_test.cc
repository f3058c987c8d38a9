#include "monitoring/accuracy/judged_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::TensorView;
using testing::ElementsAre;

// Probabilities of two classes with names, and what was kept of them.
class JudgedOutputsTest : public testing::Test {
 protected:
  JudgedOutputsTest() {
    signature_.outputs = {{.name = "label", .type = DataType::kInt64, .shape = {-1}},
                          {.name = "p", .type = DataType::kFp32, .shape = {-1, 2}, .features = {"no", "yes"}}};
  }
  TensorView kept(std::string_view name, const std::vector<float>& values) {
    return {name, DataType::kFp32, shape_, std::as_bytes(std::span(values))};
  }
  std::vector<float> score(const std::string& name, const std::vector<TensorView>& fields) {
    Evaluation evaluation;
    evaluation.score = name;
    const JudgedOutputs outputs(evaluation, signature_, fields);
    if (outputs.views().empty()) return {};
    EXPECT_EQ(outputs.views().front().name, name);
    const auto bytes = outputs.views().front().bytes;
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  inference::Signature signature_;
  inference::Shape shape_{2};
  const std::vector<float> no_{0.9F, 0.2F}, yes_{0.1F, 0.8F}, both_{0.9F, 0.1F, 0.2F, 0.8F};
};

TEST_F(JudgedOutputsTest, TakeWhatWasKeptWhole) {
  EXPECT_EQ(score("p", {kept("p", both_)}), both_);
}

TEST_F(JudgedOutputsTest, PutTogetherWhatWasTakenApart) {
  EXPECT_EQ(score("p", {kept("p.yes", yes_), kept("p.no", no_)}), both_);
}

TEST_F(JudgedOutputsTest, LeaveOutWhatIsThereInPartOnly) {
  const std::vector<float> one{0.1F};
  EXPECT_TRUE(score("p", {kept("p.yes", yes_)}).empty());
  EXPECT_TRUE(score("p", {kept("p.no", no_), kept("p.yes", one)}).empty());
  EXPECT_TRUE(score("p.yes", {kept("p.no", no_)}).empty());
  EXPECT_TRUE(score("label", {kept("p", both_)}).empty());
}

TEST_F(JudgedOutputsTest, TakeAColumnOfAnOutput) {
  EXPECT_EQ(score("p.yes", {kept("p", both_)}), yes_);
  EXPECT_EQ(score("p.no", {kept("p", both_)}), no_);
  EXPECT_EQ(score("p.yes", {kept("p.yes", yes_)}), yes_);
  EXPECT_TRUE(score("p.maybe", {kept("p", both_)}).empty());
}

TEST_F(JudgedOutputsTest, LetAnOutputGoBeforeAColumnOfItsName) {
  signature_.outputs.push_back({.name = "p.yes", .type = DataType::kFp32, .shape = {-1}});
  EXPECT_FALSE(find_column(signature_, "p.yes"));
  EXPECT_TRUE(find_column(signature_, "p.no"));
}

}  // namespace
}  // namespace modelyard::monitoring
