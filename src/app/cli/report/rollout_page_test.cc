#include "app/cli/report/rollout_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::app {
namespace {

using testing::HasSubstr;
using testing::Not;

Json point(const char* at, double samples, const Json& low, const Json& high, const char* outcome) {
  return {{"at", at},
          {"weight", 1000},
          {"candidate_samples", samples},
          {"stable_samples", 9 * samples},
          {"estimate", 0.01},
          {"low", low},
          {"high", high},
          {"outcome", outcome}};
}

Json report_of(const std::string& text) {
  return {
      {"made", "2026-11-28T12:10:00Z"},
      {"server", "http://localhost"},
      {"rollout",
       {{"id", 3},
        {"endpoint", text},
        {"model", text},
        {"live", false},
        {"created", "2026-11-28T12:00:00Z"},
        {"weight", 0},
        {"actor", text},
        {"spec", {{"stable", 1}, {"candidate", 2}, {"alpha", 0.05}}},
        {"state",
         {{"phase", "ended"},
          {"ending", "rejected"},
          {"reason", text},
          {"fired", {{"gate", "error_rate <= 0.5%"}, {"because", "of " + text}}},
          {"history",
           Json::array(
               {{{"at", "2026-11-28T12:00:01Z"}, {"to", "canary"}, {"weight", 1000}, {"why", text}, {"actor", text}},
                {{"at", "2026-11-28T12:05:00Z"}, {"to", "ended"}, {"weight", 0}, {"why", text}, {"actor", ""}}})}}}}},
      {"split", Json::array({{{"step", 0},
                              {"planned", 0.1},
                              {"candidate", {{"requests", 100}, {"failures", 7}, {"timeouts", 0}, {"nonfinite", 0}}},
                              {"stable", {{"requests", 900}, {"failures", 1}, {"timeouts", 0}, {"nonfinite", 0}}}}})},
      {"srm", {{"is_judged", false}, {"is_mismatch", false}, {"because", text}}},
      {"gates",
       Json::array({{{"gate", "error_rate <= 0.5%"},
                     {"unit", "share"},
                     {"limit", 0.005},
                     {"points", Json::array({point("2026-11-28T12:01:00Z", 10, nullptr, nullptr, "inconclusive"),
                                             point("2026-11-28T12:02:00Z", 50, 0.001, 0.2, "inconclusive"),
                                             point("2026-11-28T12:03:00Z", 100, 0.006, 0.1, "fail")})}}})}};
}

TEST(RolloutPage, TellsTheDecisionItsGateAndWhoDidWhat) {
  const std::string page = rollout_page(report_of("loans"));
  for (const char* words : {"Rollout 3 of endpoint loans: version 1 to version 2", "rejected", "error_rate &lt;= 0.5%",
                            "of loans", "2026-11-28 12:05:00", "10 %", "not judged"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
  EXPECT_THAT(page, HasSubstr("class=\"band\""));
  EXPECT_THAT(page, HasSubstr("class=\"level\""));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf\"")));
}

TEST(RolloutPage, OfABanditDrawsItsWeightsAndSaysWhatItsRewardPromises) {
  Json report = report_of("shop");
  const std::string before = rollout_page(report);
  report["gates"][0]["gate"] = "reward clicked";
  report["gates"][0]["points"][1]["weight"] = 9500;
  const std::string page = rollout_page(report);
  EXPECT_THAT(page, HasSubstr("95 % of what is likely now"));
  EXPECT_THAT(before, Not(HasSubstr("95 % of what is likely now")));
  const auto plot = [](const std::string& html) {
    return html.substr(html.find("<svg"), html.find("</svg>") - html.find("<svg"));
  };
  EXPECT_NE(plot(page), plot(before));
}

TEST(RolloutPage, RunsAndFetchesNothingWhateverTheTextsSay) {
  const std::string page = rollout_page(report_of("</title><script>alert(1)</script>'\""));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
}

TEST(RolloutPage, OfADocumentOfAnotherAgeSaysWhatIsMissing) {
  const std::string page = rollout_page(Json::object());
  EXPECT_THAT(page, HasSubstr("No gate was judged"));
  EXPECT_THAT(page, HasSubstr("No request was counted"));
}

}  // namespace
}  // namespace modelyard::app
