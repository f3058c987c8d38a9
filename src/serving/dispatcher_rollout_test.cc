// Shadows, and stable's answer when the candidate fails.
#include "serving/test_dispatcher.h"

namespace modelyard::serving {
namespace {

// What the taps of a loop are told.
class Listener final : public Tap {
 public:
  Status promise() override { return ok(); }
  std::uint64_t on_end(const Ended& ended) override {
    ends.push_back(ended.servable.ref().version);
    return 0;
  }
  void on_fallback(const Ended& ended) override { fallbacks.push_back(ended.servable.ref().version); }
  void on_shadow(const Shadowed& shadowed) override { shadows.push_back(shadowed); }

  std::vector<VersionNumber> ends, fallbacks;
  std::vector<Shadowed> shadows;
};

class DispatcherRolloutTest : public DispatcherTest {
 protected:
  void start_with_listener(DispatcherOptions options = {}) {
    options.tap = &listener_;
    start(options);
  }
  // Version 2 is stable, version 3 the candidate, and both are ready.
  void deploy_plan(const std::function<void(rollout::TrafficPlan&)>& change) {
    lifecycle::DesiredState desired;
    desired.revision = 1;
    rollout::TrafficPlan plan = rollout::whole_to("m", "m", 2);
    plan.revision = 1;
    plan.stable = 2;
    plan.salt = "s";
    change(plan);
    desired.plans.push_back(plan);
    source_.want(std::move(desired));
    while (!is_ready(2) || !is_ready(3)) {
      dispatcher_->refresh();
      std::this_thread::yield();
    }
  }
  void wait_for_shadows(std::size_t count) {
    while (listener_.shadows.size() < count) tasks_.wait_and_run();
  }

  Listener listener_;

 private:
  bool is_ready(VersionNumber version) {
    return dispatcher_->table().endpoints.contains("m") && dispatcher_->route("m", {.version = version}, nobody_);
  }
};

TEST_F(DispatcherRolloutTest, GivesACopyToTheShadowWhenTheCallerHasItsAnswer) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) { plan.shadows.push_back({3, rollout::kWhole}); });

  submit();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(factor_of(*answers_[0]), 2);
  wait_for_shadows(1);

  EXPECT_EQ(listener_.ends, (std::vector<VersionNumber>{2})) << "a copy is no request";
  EXPECT_EQ(listener_.shadows[0].version, 3);
  EXPECT_EQ(listener_.shadows[0].endpoint, "m");
  EXPECT_EQ(listener_.shadows[0].plan_revision, 1);
  EXPECT_EQ(listener_.shadows[0].outcome, Shadowed::Outcome::kUnlike);
}

TEST_F(DispatcherRolloutTest, GivesCopiesToAShadowThatWasSetByHand) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) {
    plan.stable = 0;
    plan.shadows.push_back({3, rollout::kWhole});
  });

  submit();
  wait_for_shadows(1);

  EXPECT_EQ(listener_.shadows[0].version, 3);
}

TEST_F(DispatcherRolloutTest, TakesAnswersWithinTheToleranceForAlike) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) { plan.shadows.push_back({3, rollout::kWhole, 0.5}); });

  submit();
  wait_for_shadows(1);

  EXPECT_EQ(listener_.shadows[0].outcome, Shadowed::Outcome::kAlike);
}

TEST_F(DispatcherRolloutTest, CopiesAShareOfTheRequests) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) { plan.shadows.push_back({3, rollout::kWhole / 4}); });

  for (int i = 0; i < 400; ++i) submit();
  wait_for_shadows(60);

  EXPECT_LT(backend_.runs, 400 + 150);
}

TEST_F(DispatcherRolloutTest, DropsCopiesThatASlowShadowHasNoRoomFor) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) { plan.shadows.push_back({3, rollout::kWhole}); });
  std::atomic<bool> open{false};
  const auto loop = std::this_thread::get_id();
  backend_.during_run = [&] {
    while (!open && std::this_thread::get_id() != loop) std::this_thread::yield();
  };

  for (int i = 0; i < 600; ++i) {
    submit();
    dispatcher_->end_turn();
  }

  EXPECT_EQ(answers_.size(), 600u);
  const auto dropped = std::ranges::count(listener_.shadows, Shadowed::Outcome::kDropped, &Shadowed::outcome);
  EXPECT_GE(dropped, 600 - static_cast<int>(Shadows::kMostCopies));
  open = true;
  wait_for_shadows(600);
}

TEST_F(DispatcherRolloutTest, CopiesNothingOfARequestThatChoseItsVersion) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) { plan.shadows.push_back({3, rollout::kWhole}); });

  auto call = std::make_unique<TestCall>([](Result<inference::InferResponse>) {});
  dispatcher_->submit(*dispatcher_->route("m", {.version = 2}, nobody_), CallPtr(call.release()));
  dispatcher_->end_turn();
  submit();
  wait_for_shadows(1);

  EXPECT_EQ(listener_.ends.size(), 2u);
  EXPECT_EQ(listener_.shadows.size(), 1u);
}

TEST_F(DispatcherRolloutTest, AsksStableWhenTheCandidateHasFailed) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) {
    plan.shares = {{3, rollout::kWhole}};
    plan.warm = {2};
    plan.falls_back = true;
  });
  backend_.failing = 3;

  submit();
  dispatcher_->end_turn();

  ASSERT_EQ(answers_.size(), 1u);
  ASSERT_TRUE(answers_[0].has_value());
  EXPECT_EQ(factor_of(*answers_[0]), 2);
  EXPECT_EQ(answers_[0]->version, 2);
  EXPECT_EQ(answers_[0]->arm, "stable");
  EXPECT_EQ(listener_.fallbacks, (std::vector<VersionNumber>{3}));
  EXPECT_EQ(listener_.ends, (std::vector<VersionNumber>{2}));
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
}

TEST_F(DispatcherRolloutTest, AsksStableOverWorkersToo) {
  start_with_listener(kAllDear);
  deploy_plan([](rollout::TrafficPlan& plan) {
    plan.shares = {{3, rollout::kWhole}};
    plan.warm = {2};
    plan.falls_back = true;
  });
  backend_.failing = 3;

  submit();
  dispatcher_->end_turn();
  wait_for_answers(1);

  EXPECT_EQ(answers_[0]->version, 2);
}

TEST_F(DispatcherRolloutTest, TellsACallerOfItsOwnFaultWithoutAskingStable) {
  start_with_listener();
  deploy_plan([](rollout::TrafficPlan& plan) {
    plan.shares = {{3, rollout::kWhole}};
    plan.warm = {2};
    plan.falls_back = true;
  });

  submit([](TestCall& call) { call.request().inputs.front().name = "z"; });

  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error().code(), Code::kInvalidArgument);
  EXPECT_TRUE(listener_.fallbacks.empty());
}

}  // namespace
}  // namespace modelyard::serving
