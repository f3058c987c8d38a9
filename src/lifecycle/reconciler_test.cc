#include "lifecycle/reconciler.h"

#include <gtest/gtest.h>

#include <cstring>
#include <latch>

#include "base/fake_clock.h"
#include "lifecycle/fake_source.h"

namespace modelyard::lifecycle {
namespace {

using std::chrono::seconds;

// Long enough that only a hang reaches it.
constexpr seconds kPatience{60};

class ReconcilerTest : public testing::Test {
 protected:
  void start(ReconcilerOptions options = {}) {
    reconciler_ = std::make_unique<Reconciler>(
        options, std::vector<backend::Backend*>{&backend_}, source_, table_,
        [](Servable&) -> Result<std::unique_ptr<Executor>> { return std::make_unique<Executor>(); },
        [this](const Happening& happening) {
          MutexLock lock(mutex_);
          kinds_.push_back(happening.kind);
          happened_.notify_all();
        },
        clock_, random_);
    reconciler_->start();
  }
  Status deploy(VersionNumber version, std::int64_t revision) {
    source_.deploy("m", version, revision);
    return reconciler_->wait_for_endpoint("m", revision, kPatience);
  }
  // Version 1, to be loaded with so many threads.
  void want_threads(int threads) {
    DesiredState desired;
    desired.plans = {rollout::whole_to("m", "m", 1)};
    desired.plans[0].revision = 1;
    desired.options[{"m", 1}].intra_op_threads = threads;
    source_.want(std::move(desired));
  }
  std::shared_ptr<Servable> ready(VersionNumber version) const {
    return table_.snapshot().current_with_generation().first->models.at("m").ready.at(version);
  }
  void wait_for(const std::string& kind) {
    MutexLock lock(mutex_);
    while (std::find(kinds_.begin(), kinds_.end(), kind) == kinds_.end()) happened_.wait(mutex_);
  }
  // The version that the table's endpoint answers with; 0 for none.
  VersionNumber served() const {
    const auto table = table_.snapshot().current_with_generation().first;
    const auto endpoint = table->endpoints.find("m");
    return endpoint == table->endpoints.end() ? 0 : endpoint->second.plan.shares.front().version;
  }
  std::optional<VersionStatus> status_of(VersionNumber version) const {
    for (const VersionStatus& status : reconciler_->status().versions) {
      if (status.version.version == version) return status;
    }
    return std::nullopt;
  }

  FakeClock clock_;
  SeededRandom random_{7};
  backend::FakeBackend backend_;
  FakeSource source_;
  PublishedTable table_;
  Mutex mutex_;
  CondVar happened_;
  std::vector<std::string> kinds_ MODELYARD_GUARDED_BY(mutex_);
  std::unique_ptr<Reconciler> reconciler_;  // stops before what it uses goes
};

TEST_F(ReconcilerTest, ServesWhatIsDeployed) {
  start();

  ASSERT_TRUE(deploy(1, 1).has_value());

  EXPECT_EQ(served(), 1);
  EXPECT_EQ(status_of(1)->phase, VersionPhase::kReady);
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, SwitchesToTheNewVersionAndUnloadsTheOld) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());

  ASSERT_TRUE(deploy(2, 2).has_value());
  wait_for("version_unloaded");

  EXPECT_EQ(served(), 2);
  EXPECT_EQ(backend_.loaded, 1);
  EXPECT_FALSE(status_of(1).has_value());
}

TEST_F(ReconcilerTest, KeepsTheOldVersionWhenTheNewOneDoesNotLoad) {
  backend_.before_load = [](const std::string& folder) -> Status {
    return folder == "2" ? Status(error(Code::kInvalidArgument, "this file is not a model")) : ok();
  };
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());

  const Status outcome = deploy(2, 2);

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(served(), 1);
  EXPECT_EQ(status_of(2)->reason, "load: this file is not a model");
  EXPECT_EQ(status_of(2)->attempts, 1);
  EXPECT_GT(*status_of(2)->next_try, clock_.utc_now());
}

TEST_F(ReconcilerTest, TriesAgainAfterThePause) {
  std::atomic<int> tries{0};
  backend_.before_load = [&](const std::string&) -> Status {
    return ++tries < 3 ? Status(error(Code::kInternal, "not today")) : ok();
  };
  start();
  ASSERT_FALSE(deploy(1, 1).has_value());

  while (served() != 1) {
    clock_.advance(seconds(5));
    reconciler_->poke();
    std::this_thread::yield();
  }

  EXPECT_EQ(tries, 3);
  EXPECT_EQ(status_of(1)->attempts, 0);
  EXPECT_EQ(reconciler_->status().load_failures, 2u);
}

TEST_F(ReconcilerTest, KeepsAVersionOutThatDoesNotReproduceItsSamples) {
  source_.set_golden([] {
    Golden golden;
    golden.samples.emplace_back();
    for (auto* side : {&golden.samples[0].inputs, &golden.samples[0].outputs}) {
      inference::Tensor tensor{side == &golden.samples[0].inputs ? "x" : "y", inference::DataType::kFp32, {1}, {}};
      tensor.buffer = inference::Buffer::allocate(sizeof(float));
      const float one = 1;
      std::memcpy(tensor.buffer.bytes().data(), &one, sizeof one);
      side->push_back(std::move(tensor));
    }
    return golden;
  });
  start();

  EXPECT_TRUE(deploy(1, 1).has_value());  // y = 1 · x
  const Status outcome = deploy(3, 2);    // y = 3 · x

  ASSERT_FALSE(outcome.has_value());
  EXPECT_NE(outcome.error().message().find("golden sample 0, output 'y', element 0: got 3, recorded 1"),
            std::string::npos);
  EXPECT_EQ(served(), 1);
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, RefusesWhatDoesNotFitIntoMemory) {
  backend_.estimate = 100;
  start({.memory_limit_bytes = 50});

  const Status outcome = deploy(1, 1);

  ASSERT_FALSE(outcome.has_value());
  EXPECT_NE(outcome.error().message().find("raise memory_limit_bytes"), std::string::npos);
  EXPECT_EQ(backend_.loaded, 0);
}

TEST_F(ReconcilerTest, CountsNoLessMemoryThanTheFilesHave) {
  source_.set_file_bytes(std::int64_t{1} << 40);
  start();

  ASSERT_TRUE(deploy(1, 1).has_value());

  EXPECT_EQ(status_of(1)->memory_bytes, std::int64_t{1} << 40);
}

TEST_F(ReconcilerTest, WaitsForReadersBeforeItUnloads) {
  TableReader& reader = table_.add_reader([] {});
  start();
  source_.deploy("m", 1, 1);
  wait_for("endpoint_switched");
  reader.acknowledge(table_.snapshot().generation());
  source_.deploy("m", 2, 2);
  while (served() != 2) std::this_thread::yield();

  EXPECT_EQ(backend_.loaded, 2);  // the reader may still be within a request to version 1

  reader.acknowledge(UINT64_MAX);
  wait_for("version_unloaded");
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, WaitsForARequestThatHoldsTheVersion) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());
  auto held = ready(1);
  ASSERT_TRUE(deploy(2, 2).has_value());
  while (status_of(1)->phase != VersionPhase::kUnloading) std::this_thread::yield();

  EXPECT_EQ(backend_.loaded, 2);

  held.reset();
  wait_for("version_unloaded");
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, KeepsAnOldVersionForTheGrace) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());
  DesiredState desired;
  desired.plans = {rollout::whole_to("m", "m", 2)};
  desired.plans[0].revision = 2;
  desired.grace = seconds(30);
  source_.want(std::move(desired));
  ASSERT_TRUE(reconciler_->wait_for_endpoint("m", 2, kPatience).has_value());

  EXPECT_EQ(status_of(1)->phase, VersionPhase::kReady);
  while (status_of(1).has_value()) {
    clock_.advance(seconds(31));
    reconciler_->poke();
    std::this_thread::yield();
  }
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, ReplacesAVersionThatIsToBeLoadedOtherwise) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());
  auto held = ready(1);

  want_threads(4);
  wait_for("version_replaced");

  EXPECT_EQ(ready(1)->options().intra_op_threads, 4);
  EXPECT_EQ(status_of(1)->options->intra_op_threads, 4);
  EXPECT_EQ(backend_.loaded, 2) << "the one before is still held";
  held.reset();
  while (backend_.loaded != 1) std::this_thread::yield();
  EXPECT_EQ(status_of(1)->phase, VersionPhase::kReady);
}

TEST_F(ReconcilerTest, AnswersWhileAVersionIsBeingReplaced) {
  std::latch loading(1), go_on(1);
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());
  backend_.before_load = [&](const std::string&) {
    loading.count_down();
    go_on.wait();
    return ok();
  };

  want_threads(4);
  loading.wait();

  EXPECT_EQ(ready(1)->options().intra_op_threads, 1);
  EXPECT_EQ(status_of(1)->phase, VersionPhase::kReady);
  EXPECT_EQ(status_of(1)->wanted_options->intra_op_threads, 4);
  go_on.count_down();
  wait_for("version_replaced");
  EXPECT_FALSE(status_of(1)->wanted_options.has_value());
}

TEST_F(ReconcilerTest, GoesOnAsItIsWhenAReplacementDoesNotFit) {
  start({.memory_limit_bytes = 1500});
  ASSERT_TRUE(deploy(1, 1).has_value());
  backend_.estimate = 2000;

  want_threads(4);
  wait_for("version_not_replaced");

  EXPECT_EQ(ready(1)->options().intra_op_threads, 1);
  EXPECT_NE(status_of(1)->reason.find("goes on with intra_op_threads 1: needs about"), std::string::npos);
  EXPECT_GT(*status_of(1)->next_try, clock_.utc_now());

  want_threads(1);
  while (!status_of(1)->reason.empty()) std::this_thread::yield();
  EXPECT_EQ(backend_.loaded, 1);
}

TEST_F(ReconcilerTest, TakesAnEndpointAway) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());

  source_.want({});
  ASSERT_TRUE(reconciler_->wait_for_endpoint("m", 0, kPatience).has_value());
  wait_for("version_unloaded");

  EXPECT_EQ(served(), 0);
  EXPECT_EQ(backend_.loaded, 0);
}

TEST_F(ReconcilerTest, SaysWhenSettingsAreInEffect) {
  start();
  ASSERT_TRUE(deploy(1, 1).has_value());
  DesiredState desired;
  desired.revision = 7;
  desired.plans = {rollout::whole_to("m", "m", 1)};
  desired.plans[0].revision = 1;
  source_.want(std::move(desired));

  EXPECT_TRUE(reconciler_->wait_for_settings(7, kPatience).has_value());

  EXPECT_EQ(reconciler_->status().observed_revision, 7);
  EXPECT_FALSE(reconciler_->wait_for_settings(8, std::chrono::milliseconds(1)).has_value());
}

TEST_F(ReconcilerTest, ComesToRestWithEverythingTriedOnce) {
  backend_.before_load = [](const std::string&) -> Status { return error(Code::kInternal, "no"); };
  source_.deploy("m", 1, 1);
  start();

  EXPECT_TRUE(reconciler_->wait_for_settled(kPatience).has_value());
  EXPECT_TRUE(reconciler_->settled());
  EXPECT_EQ(status_of(1)->phase, VersionPhase::kFailed);
}

TEST_F(ReconcilerTest, StopsInTheMiddleOfALoad) {
  std::latch loading(1);
  backend_.before_load = [&](const std::string&) {
    loading.count_down();
    return ok();
  };
  start();
  source_.deploy("m", 1, 1);
  loading.wait();

  reconciler_->stop();

  EXPECT_EQ(backend_.loaded, 0);
}

TEST_F(ReconcilerTest, SwapsManyTimesAndKeepsOneVersion) {
  start();
  for (std::int64_t revision = 1; revision <= 200; ++revision) {
    ASSERT_TRUE(deploy(revision % 7 + 1, revision).has_value());
    EXPECT_EQ(served(), revision % 7 + 1);
  }
  reconciler_->stop();
  EXPECT_EQ(backend_.loaded, 0);
}

}  // namespace
}  // namespace modelyard::lifecycle
