#include "lifecycle/policy.h"

#include <gtest/gtest.h>

namespace modelyard::lifecycle {
namespace {

using std::chrono::seconds;

constexpr SteadyTime kNow{std::chrono::hours(1)};

// One scenario: what is wanted of endpoint and model "m", and what is there.
class PolicyTest : public testing::Test {
 protected:
  PolicyTest() { situation_.now = kNow; }

  static rollout::TrafficPlan plan(VersionNumber version, std::int64_t revision = 1) {
    auto made = rollout::whole_to("m", "m", version);
    made.revision = revision;
    return made;
  }
  static VersionRef v(VersionNumber number) { return {"m", number}; }
  void want(VersionNumber version, std::int64_t revision = 1) { desired_.plans = {plan(version, revision)}; }
  void in_effect(VersionNumber version, std::int64_t revision = 1) {
    situation_.effective["m"] = plan(version, revision);
  }
  void there(VersionNumber version, VersionPhase phase) { situation_.versions[v(version)].phase = phase; }
  void replacement(VersionNumber version, Replacement state) { situation_.versions[v(version)].replacement = state; }
  void unwanted_since(VersionNumber version, SteadyTime time) { situation_.versions[v(version)].unwanted_since = time; }
  void failed_until(VersionNumber version, SteadyTime time) {
    there(version, VersionPhase::kFailed);
    situation_.versions[v(version)].retry_at = time;
  }
  Action next() const { return next_action(desired_, situation_); }

  DesiredState desired_;
  Situation situation_;
};

TEST_F(PolicyTest, WaitsWhenNothingIsWanted) {
  EXPECT_EQ(next(), Action(WaitUntil{}));
}

TEST_F(PolicyTest, LoadsWhatAPlanNeeds) {
  want(1);
  EXPECT_EQ(next(), Action(LoadVersion{v(1)}));
}

TEST_F(PolicyTest, WaitsWhileAVersionLoads) {
  want(1);
  for (const VersionPhase phase :
       {VersionPhase::kFetching, VersionPhase::kLoading, VersionPhase::kChecking, VersionPhase::kWarming}) {
    there(1, phase);
    EXPECT_EQ(next(), Action(WaitUntil{})) << phase_name(phase);
  }
}

TEST_F(PolicyTest, SwitchesWhenTheVersionIsReady) {
  want(1);
  there(1, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(SwitchEndpoint{"m"}));
}

TEST_F(PolicyTest, RestsWhenThePlanIsInEffect) {
  want(1);
  in_effect(1);
  there(1, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(WaitUntil{}));
}

TEST_F(PolicyTest, LoadsTheNewVersionBesideTheOld) {
  want(2, 2);
  in_effect(1);
  there(1, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(LoadVersion{v(2)}));
}

TEST_F(PolicyTest, KeepsTheOldVersionUntilTheNewOneIsReady) {
  want(2, 2);
  in_effect(1);
  there(1, VersionPhase::kReady);
  there(2, VersionPhase::kLoading);
  EXPECT_EQ(next(), Action(WaitUntil{}));
}

TEST_F(PolicyTest, KeepsTheOldVersionWhenTheNewOneFails) {
  want(2, 2);
  in_effect(1);
  there(1, VersionPhase::kReady);
  failed_until(2, kNow + seconds(3));
  EXPECT_EQ(next(), Action(WaitUntil{kNow + seconds(3)}));
}

TEST_F(PolicyTest, TriesAFailedVersionAgainWhenItsPauseIsOver) {
  want(2);
  failed_until(2, kNow);
  EXPECT_EQ(next(), Action(LoadVersion{v(2)}));
}

TEST_F(PolicyTest, SwitchesOnlyWhenAllVersionsOfAPlanAreReady) {
  desired_.plans = {{"m", "m", 1, {{1, 5000}, {2, 5000}}}};
  there(1, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(LoadVersion{v(2)}));
  there(2, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(SwitchEndpoint{"m"}));
}

TEST_F(PolicyTest, KeepsAnOldVersionForTheGrace) {
  desired_.grace = seconds(10);
  want(2, 2);
  in_effect(2, 2);
  there(1, VersionPhase::kReady);
  there(2, VersionPhase::kReady);
  unwanted_since(1, kNow - seconds(4));
  EXPECT_EQ(next(), Action(WaitUntil{kNow + seconds(6)}));
}

TEST_F(PolicyTest, UnloadsAfterTheGrace) {
  desired_.grace = seconds(10);
  want(2, 2);
  in_effect(2, 2);
  there(1, VersionPhase::kReady);
  there(2, VersionPhase::kReady);
  unwanted_since(1, kNow - seconds(10));
  EXPECT_EQ(next(), Action(UnloadVersion{v(1)}));
}

TEST_F(PolicyTest, UnloadsWhatWasDeletedWithoutGrace) {
  desired_.grace = seconds(10);
  desired_.withdrawn = {v(1)};
  want(2, 2);
  in_effect(2, 2);
  there(1, VersionPhase::kReady);
  there(2, VersionPhase::kReady);
  unwanted_since(1, kNow);
  EXPECT_EQ(next(), Action(UnloadVersion{v(1)}));
}

TEST_F(PolicyTest, SwitchesBackWithoutLoadingWithinTheGrace) {
  desired_.grace = seconds(10);
  want(1, 3);
  in_effect(2, 2);
  there(1, VersionPhase::kReady);
  there(2, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(SwitchEndpoint{"m"}));
}

TEST_F(PolicyTest, LoadsAVersionAgainThatIsToBeLoadedOtherwise) {
  want(1);
  in_effect(1);
  there(1, VersionPhase::kReady);
  replacement(1, Replacement::kWanted);
  EXPECT_EQ(next(), Action(ReplaceVersion{v(1)}));
}

TEST_F(PolicyTest, LoadsWhatDoesNotAnswerBeforeWhatDoes) {
  want(2, 2);
  in_effect(1);
  there(1, VersionPhase::kReady);
  replacement(1, Replacement::kWanted);
  EXPECT_EQ(next(), Action(LoadVersion{v(2)}));
}

TEST_F(PolicyTest, ReplacesOneAtATime) {
  desired_.pins = {v(2)};
  want(1);
  in_effect(1);
  for (const VersionNumber version : {1, 2}) there(version, VersionPhase::kReady);
  replacement(1, Replacement::kUnderWay);
  replacement(2, Replacement::kWanted);
  EXPECT_EQ(next(), Action(WaitUntil{}));
}

TEST_F(PolicyTest, WaitsBeforeItTriesAReplacementAgain) {
  want(1);
  in_effect(1);
  there(1, VersionPhase::kReady);
  replacement(1, Replacement::kWanted);
  situation_.versions[v(1)].retry_at = kNow + seconds(3);
  EXPECT_EQ(next(), Action(WaitUntil{kNow + seconds(3)}));
}

TEST_F(PolicyTest, UnloadsNothingThatIsBeingReplaced) {
  there(1, VersionPhase::kReady);
  replacement(1, Replacement::kUnderWay);
  unwanted_since(1, kNow - seconds(100));
  EXPECT_FALSE(std::holds_alternative<UnloadVersion>(next()));
}

TEST_F(PolicyTest, ReplacesNothingThatNobodyWants) {
  desired_.grace = seconds(10);
  there(1, VersionPhase::kReady);
  replacement(1, Replacement::kWanted);
  unwanted_since(1, kNow);
  EXPECT_EQ(next(), Action(WaitUntil{kNow + seconds(10)}));
}

TEST(WantedOptions, AreTheMostThatAnEndpointSays) {
  DesiredState desired;
  const auto says = [](int threads) {
    Scheduling scheduling;
    scheduling.intra_op_threads = threads;
    return std::make_shared<EndpointSettings>(scheduling);
  };
  desired.plans = {rollout::whole_to("a", "m", 1), rollout::whole_to("b", "m", 1), rollout::whole_to("c", "m", 2),
                   rollout::whole_to("d", "m", 3)};
  desired.settings = {{"a", says(4)}, {"b", says(3)}, {"c", says(1)}};

  const auto options = wanted_options(desired, {2});

  EXPECT_EQ(options.at({"m", 1}).intra_op_threads, 4);
  EXPECT_EQ(options.at({"m", 2}).intra_op_threads, 1) << "less than the server's own setting is a setting, too";
  EXPECT_EQ(options.at({"m", 3}).intra_op_threads, 2) << "nothing is said";
}

TEST_F(PolicyTest, RemovesAnEndpointBeforeItsVersionIsUnloaded) {
  in_effect(1);
  there(1, VersionPhase::kReady);
  unwanted_since(1, kNow - seconds(100));
  EXPECT_EQ(next(), Action(RemoveEndpoint{"m"}));
}

TEST_F(PolicyTest, ForgetsAFailedVersionThatNobodyWants) {
  failed_until(1, kNow + seconds(9));
  EXPECT_EQ(next(), Action(DropVersion{v(1)}));
}

TEST_F(PolicyTest, LoadsAVersionAnAliasNamesWhenItsModelIsDeployed) {
  desired_.aliases[v(7)] = {"challenger"};
  EXPECT_EQ(next(), Action(WaitUntil{}));
  want(1);
  in_effect(1);
  there(1, VersionPhase::kReady);
  EXPECT_EQ(next(), Action(LoadVersion{v(7)}));
}

TEST_F(PolicyTest, LoadsPlansBeforeAliases) {
  desired_.aliases[v(1)] = {"challenger"};
  want(5);
  EXPECT_EQ(next(), Action(LoadVersion{v(5)}));
}

TEST_F(PolicyTest, LoadsPinsWithoutAnyPlan) {
  desired_.pins = {v(3)};
  EXPECT_EQ(next(), Action(LoadVersion{v(3)}));
}

TEST_F(PolicyTest, LoadsNothingAgainThatIsBeingUnloaded) {
  want(1, 2);
  there(1, VersionPhase::kUnloading);
  EXPECT_EQ(next(), Action(WaitUntil{}));
}

TEST_F(PolicyTest, WakesForTheEarliestOfWhatIsDue) {
  desired_.grace = seconds(10);
  desired_.pins = {v(3), v(4)};
  failed_until(3, kNow + seconds(8));
  failed_until(4, kNow + seconds(5));
  there(1, VersionPhase::kReady);
  unwanted_since(1, kNow - seconds(1));
  EXPECT_EQ(next(), Action(WaitUntil{kNow + seconds(5)}));
}

TEST_F(PolicyTest, ComesToRestFromEveryStart) {
  want(2, 2);
  in_effect(1);
  there(1, VersionPhase::kReady);
  int steps = 0;
  for (Action action = next(); !std::holds_alternative<WaitUntil>(action) && steps < 20; action = next(), ++steps) {
    if (const auto* load = std::get_if<LoadVersion>(&action)) {
      situation_.versions[load->version].phase = VersionPhase::kReady;
    } else if (const auto* unload = std::get_if<UnloadVersion>(&action)) {
      situation_.versions.erase(unload->version);
    } else if (std::holds_alternative<SwitchEndpoint>(action)) {
      situation_.effective["m"] = desired_.plans.front();
      unwanted_since(1, kNow);
    }
  }
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(situation_.versions.size(), 1u);
  EXPECT_EQ(situation_.effective["m"], plan(2, 2));
}

TEST(Backoff, DoublesUpToTheCapAndNeverBelowHalf) {
  const auto pause = [](int attempts, double jitter) { return backoff(attempts, seconds(1), seconds(60), jitter); };

  EXPECT_EQ(pause(1, 0), std::chrono::milliseconds(500));
  EXPECT_EQ(pause(2, 0), seconds(1));
  EXPECT_EQ(pause(3, 0), seconds(2));
  EXPECT_EQ(pause(100, 0), seconds(30));
  EXPECT_LE(pause(1, 0.999999), seconds(1));
  EXPECT_LE(pause(1'000'000, 0.999999), seconds(60));
}

TEST(VersionPhase, AllowsTheseAndNoOthers) {
  using enum VersionPhase;
  const std::set<std::pair<VersionPhase, VersionPhase>> legal{
      {kWaiting, kFetching}, {kWaiting, kGone},    {kFetching, kLoading}, {kFetching, kFailed}, {kLoading, kChecking},
      {kLoading, kFailed},   {kChecking, kFailed}, {kChecking, kWarming}, {kWarming, kReady},   {kWarming, kFailed},
      {kReady, kUnloading},  {kFailed, kFetching}, {kFailed, kGone},      {kUnloading, kGone}};
  for (int from = 0; from < kVersionPhases; ++from) {
    for (int to = 0; to < kVersionPhases; ++to) {
      const auto pair = std::pair(static_cast<VersionPhase>(from), static_cast<VersionPhase>(to));
      EXPECT_EQ(may_follow(pair.first, pair.second), legal.contains(pair))
          << phase_name(pair.first) << " to " << phase_name(pair.second);
    }
  }
}

}  // namespace
}  // namespace modelyard::lifecycle
