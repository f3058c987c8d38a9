#include "app/cli/rollouts/watch_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace modelyard::app {
namespace {

UtcTime now() {
  return *parse_utc("2026-11-28T12:00:20Z");
}

Json rollout_in(const std::string& outcome) {
  return {{"id", 3},
          {"endpoint", "loans"},
          {"live", true},
          {"weight", 5000},
          {"spec",
           {{"stable", 1},
            {"candidate", 2},
            {"stages", Json::array({{{"canary",
                                      {{"steps", Json::array({{{"weight", 10}, {"hold", "30s"}},
                                                              {{"weight", 50}, {"hold", "30s"}}})}}}}})}}},
          {"state",
           {{"phase", "canary"},
            {"stage", 0},
            {"step", 1},
            {"phase_since", "2026-11-28T12:00:00Z"},
            {"step_since", "2026-11-28T12:00:08Z"},
            {"verdicts", Json::array({{{"gate", "error_rate <= 1%"},
                                       {"outcome", outcome},
                                       {"candidate", 0.005},
                                       {"low", 0},
                                       {"high", 0.0075},
                                       {"limit", 0.01},
                                       {"candidate_samples", 812},
                                       {"stable_samples", 0},
                                       {"because", "of its numbers"}}})},
            {"history", Json::array({{{"at", "2026-11-28T12:00:00Z"},
                                      {"to", "canary"},
                                      {"weight", 5000},
                                      {"why", "step 1 of canary passed"},
                                      {"actor", ""}}})}}}};
}

std::string text_of_screen(const Json& rollout, const ScreenSize& size = {}) {
  std::string text;
  for (const ScreenLine& line : screen_of(rollout, now(), size)) text += line.text + "\n";
  return text;
}

TEST(IntervalBar, HasTheLimitInItsMiddleAndTheEstimateWithinItsInterval) {
  EXPECT_EQ(draw(IntervalBar{.low = 0, .high = 0.0075, .estimate = 0.005, .limit = 0.01}, 9), "──●─│····");
  EXPECT_EQ(draw(IntervalBar{.low = 0.005, .high = 0.015, .estimate = 0.0125, .limit = 0.01}, 9), "··──┼●─··");
}

TEST(IntervalBar, PointsToWhatIsBeyondIt) {
  EXPECT_EQ(draw(IntervalBar{.low = 0.015, .high = 0.5, .estimate = 0.2, .limit = 0.01}, 9), "····│·──●");
  EXPECT_EQ(draw(IntervalBar{.low = 0.015, .high = INFINITY, .estimate = NAN, .limit = 0.01}, 9), "····│·──▶");
  EXPECT_EQ(draw(IntervalBar{.low = -INFINITY, .high = INFINITY, .estimate = NAN, .limit = 0.01}, 9), "◀───┼───▶");
}

TEST(IntervalBar, OfALimitOfNothingIsAsWideAsItsInterval) {
  EXPECT_EQ(draw(IntervalBar{.low = -0.02, .high = 0.01, .estimate = -0.01, .limit = 0}, 9), "──●─┼──··");
  EXPECT_EQ(draw(IntervalBar{.low = 0, .high = 0, .estimate = 0, .limit = 0}, 9), "····●····");
}

TEST(WatchScreen, ShowsStepsGatesAndWhatHappened) {
  const std::string text = text_of_screen(rollout_in("pass"));
  EXPECT_NE(text.find("canary for 20 s; version 2 has 50 % of the requests"), std::string::npos) << text;
  EXPECT_NE(text.find("steps   ✓ 10 %  ▶ 50 % (12 of 30 s)  · 100 %"), std::string::npos) << text;
  EXPECT_NE(text.find("error_rate <= 1%  pass"), std::string::npos) << text;
  EXPECT_NE(text.find("0 % to 0.75 %"), std::string::npos) << text;
  EXPECT_NE(text.find("    20 s ago  canary at 50 %: step 1 of canary passed"), std::string::npos) << text;
}

TEST(WatchScreen, CallsAShadowByItsName) {
  Json rollout = rollout_in("pass");
  rollout["spec"]["stages"] = Json::array({{{"shadow", {{"share", 100}, {"hold", "30s"}}}}});
  rollout["state"]["step"] = 0;
  EXPECT_NE(text_of_screen(rollout).find("▶ shadow (12 of 30 s)"), std::string::npos) << text_of_screen(rollout);
}

Json bandit_at(int weight, const char* why) {
  Json rollout = rollout_in("inconclusive");
  rollout["weight"] = weight;
  rollout["spec"]["stages"] = Json::array({{{"bandit", {{"weight", 50}, {"reward", "clicked"}, {"hold", "30s"}}}}});
  Json& state = rollout["state"];
  state.update({{"phase", "bandit"}, {"step", 0}, {"weight_since", "2026-11-28T12:00:19Z"}, {"reason", why}});
  state["verdicts"][0].update({{"gate", "reward clicked"},
                               {"candidate", 0.125},
                               {"stable", 0.1},
                               {"low", -0.025},
                               {"high", 0.075},
                               {"limit", 0},
                               {"stable_samples", 800}});
  return rollout;
}

TEST(WatchScreen, ShowsTheWeightOfABanditAndItsReward) {
  const std::string text = text_of_screen(bandit_at(5900, "the rewards move the weight to 59 %"));
  EXPECT_NE(text.find("version 2 has 59 % of the requests"), std::string::npos) << text;
  EXPECT_NE(text.find("▶ bandit (12 of 30 s)"), std::string::npos) << text;
  EXPECT_NE(text.find("-2.5 % to 7.5 %"), std::string::npos) << text;
}

TEST(WatchLines, TellEachMoveOfABandit) {
  const Json before = bandit_at(5000, "the candidate is ready");
  const Json now = bandit_at(5900, "the rewards move the weight to 59 %");
  EXPECT_EQ(changes_of(before, now),
            std::vector<std::string>{"2026-11-28T12:00:19Z  bandit at 59 %: the rewards move the weight to 59 %"});
}

TEST(WatchScreen, IsNotWiderThanTheTerminalAndObeysNobody) {
  Json hostile = rollout_in("pass");
  hostile["endpoint"] = "\x1b[2Jloans";
  for (const ScreenLine& line : screen_of(hostile, now(), {.columns = 40, .lines = 12})) {
    EXPECT_LE(line.text.size(), 3u * 40);
    EXPECT_EQ(line.text.find('\x1b'), std::string::npos);
  }
}

TEST(WatchScreen, OfADocumentOfAnotherAgeLeavesOutWhatItLacks) {
  EXPECT_NE(text_of_screen(Json::object()).find("rollout - of endpoint '-'"), std::string::npos);
}

TEST(WatchLines, AreOneForEachTransitionAndEachVerdictThatIsAnother) {
  const Json open = rollout_in("inconclusive"), passed = rollout_in("pass");
  EXPECT_EQ(changes_of(nullptr, open),
            (std::vector<std::string>{"2026-11-28T12:00:00Z  canary at 50 %: step 1 of canary passed",
                                      "error_rate <= 1%: inconclusive: of its numbers"}));
  EXPECT_TRUE(changes_of(open, open).empty());
  EXPECT_EQ(changes_of(open, passed), std::vector<std::string>{"error_rate <= 1%: pass: of its numbers"});
}

}  // namespace
}  // namespace modelyard::app
