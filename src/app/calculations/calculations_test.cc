#include <gtest/gtest.h>

#include "app/calculations/calculation.h"

namespace modelyard::app {
namespace {

std::string refusal(std::string_view name, const char* input) {
  const auto result = calculate(name, *parse_json(input));
  return result ? "(calculated)" : result.error().message();
}

TEST(Calculations, GiveWhatStatisticsGives) {
  const Json input{{"reference", {50, 30, 20}}, {"current", {60, 50, 40}}};

  const Json result = *calculate("chi-square-fit", input);

  EXPECT_NEAR(result["p"].get<double>(), 0.031922491834895705, 1e-12);
  EXPECT_EQ(result["degrees"], 2);
}

TEST(Calculations, NameTheFieldThatIsWrong) {
  EXPECT_EQ(refusal("wasserstein", R"({"reference": [1, "2"], "current": [1]})"), "reference[1]: expected a number");
  EXPECT_NE(refusal("psi", R"({"reference": [1, 2], "curent": [1, 2]})").find("current"), std::string::npos);
  EXPECT_NE(refusal("psi", R"({"reference": [1, 2], "current": [1, 2], "bins": 3})").find("bins"), std::string::npos);
  EXPECT_NE(refusal("energy", R"({"reference": [], "current": [1]})").find("reference: the sample is empty"),
            std::string::npos);
  EXPECT_NE(refusal("two-proportions", R"({"a": {"successes": -1, "trials": 2}, "b": {}})").find("a.successes"),
            std::string::npos);
  EXPECT_NE(refusal("kswin", R"({"values": [1], "window": 10, "newest": 9})").find("newest"), std::string::npos);
  EXPECT_EQ(refusal("classification", R"({"truth": [1, "1"], "predicted": [1, 1]})"),
            "truth[1]: classes are all whole numbers or all texts");
}

TEST(Calculations, AreFoundByTheirNamesOnly) {
  EXPECT_NE(refusal("wassserstein", "{}").find("did you mean 'wasserstein'"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::app
