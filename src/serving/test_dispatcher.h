// DispatcherTest plays one event loop over fake versions, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <latch>

#include "base/fake_clock.h"
#include "lifecycle/batch_probe.h"
#include "lifecycle/fake_source.h"
#include "lifecycle/reconciler.h"
#include "rollout/test_keys.h"
#include "serving/dispatcher.h"

namespace modelyard::serving {

using lifecycle::FakeSource;
using lifecycle::PublishedTable;
using lifecycle::Reconciler;

inline constexpr std::chrono::seconds kPatience{60};

// Asks for y = k · 2; the answer is k, or the error.
class TestCall final : public Call {
 public:
  using Finish = std::function<void(Result<inference::InferResponse>)>;
  explicit TestCall(Finish finish) : finish_(std::move(finish)) {
    request_.endpoint = "m";
    request_.inputs.push_back({"x", inference::DataType::kFp32, shape_, std::as_bytes(std::span(values_))});
  }
  inference::InferRequest& request() override { return request_; }
  std::size_t body_bytes() const override { return 100; }
  Protocol protocol() const override { return Protocol::kOpenInference; }
  bool cancelled() const override { return gone; }
  void answer(inference::InferResponse& response) override { finish_(std::move(response)); }
  void fail(const Error& error) override { finish_(error); }

  std::atomic<bool> gone{false};

 private:
  const inference::Shape shape_{1};
  const std::vector<float> values_{2.0F};
  inference::InferRequest request_;
  Finish finish_;
};

inline float factor_of(const inference::InferResponse& response) {
  float value = 0;
  std::memcpy(&value, response.outputs.front().buffer.bytes().data(), sizeof value);
  return value / 2;
}

// Tasks for one event loop; whoever plays the loop runs them.
class TaskQueue {
 public:
  void post(std::move_only_function<void()> task) {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    posted_.notify_all();
  }
  // False when there was none.
  bool run_some() {
    std::vector<std::move_only_function<void()>> tasks;
    {
      MutexLock lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
    return !tasks.empty();
  }
  void wait_and_run() {
    {
      MutexLock lock(mutex_);
      while (tasks_.empty()) posted_.wait(mutex_);
    }
    run_some();
  }

 private:
  Mutex mutex_;
  CondVar posted_;
  std::vector<std::move_only_function<void()>> tasks_ MODELYARD_GUARDED_BY(mutex_);
};

class DispatcherTest : public testing::Test {
 protected:
  // One loop, played by the test's own thread.
  void start(DispatcherOptions options = {}, ExecutorOptions executor = {}) {
    reader_ = &table_.add_reader([] {});
    dispatcher_.emplace(
        options, table_, *reader_, [this](std::move_only_function<void()> task) { tasks_.post(std::move(task)); },
        clock_, random_);
    reconciler_.emplace(
        lifecycle::ReconcilerOptions{}, std::vector<backend::Backend*>{&backend_}, source_, table_,
        [this, executor](lifecycle::Servable& servable) -> Result<std::unique_ptr<lifecycle::Executor>> {
          return std::make_unique<VersionExecutor>(servable, executor, clock_);
        },
        lifecycle::Report{}, clock_, random_);
    reconciler_->start();
  }
  ~DispatcherTest() override {
    dispatcher_.reset();  // readers let go before versions end
    reconciler_.reset();
  }
  void deploy(VersionNumber version, std::int64_t revision) {
    source_.deploy("m", version, revision);
    auto done =
        std::async(std::launch::async, [&] { return reconciler_->wait_for_endpoint("m", revision, kPatience); });
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      dispatcher_->refresh();
      std::this_thread::yield();
    }
    ASSERT_TRUE(done.get().has_value());
  }
  // Submits one; what became of it stands in answers_.
  TestCall* submit(const std::function<void(TestCall&)>& change = [](TestCall&) {}) {
    auto call = std::make_unique<TestCall>(
        [this](Result<inference::InferResponse> response) { answers_.push_back(std::move(response)); });
    change(*call);
    TestCall* raw = call.get();
    const auto route = dispatcher_->route("m", {}, nobody_);
    EXPECT_TRUE(route.has_value());
    dispatcher_->submit(*route, CallPtr(call.release()));
    return raw;
  }
  void wait_for_answers(std::size_t count) {
    while (answers_.size() < count) tasks_.wait_and_run();
  }
  Code route_refusal(std::string_view endpoint, const inference::VersionChoice& choice = {}) {
    const auto route = dispatcher_->route(endpoint, choice, nobody_);
    return route ? Code::kInternal : route.error().code();
  }
  // Makes every run wait; release with open().
  class Gate {
   public:
    explicit Gate(backend::FakeBackend& backend) : backend_(backend) {
      backend_.during_run = [this] {
        MutexLock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        while (!open_) changed_.wait(mutex_);
      };
    }
    void wait_for(int runs) {
      MutexLock lock(mutex_);
      while (waiting_ < runs) changed_.wait(mutex_);
    }
    void open() {
      MutexLock lock(mutex_);
      open_ = true;
      changed_.notify_all();
    }

   private:
    backend::FakeBackend& backend_;
    Mutex mutex_;
    CondVar changed_;
    int waiting_ MODELYARD_GUARDED_BY(mutex_) = 0;
    bool open_ MODELYARD_GUARDED_BY(mutex_) = false;
  };

  FakeClock clock_;
  SeededRandom random_{3};
  backend::FakeBackend backend_;
  FakeSource source_;
  PublishedTable table_;
  TaskQueue tasks_;
  lifecycle::TableReader* reader_ = nullptr;
  rollout::TestKeys nobody_;
  std::optional<Dispatcher> dispatcher_;
  std::vector<Result<inference::InferResponse>> answers_;
  std::optional<Reconciler> reconciler_;
};

// On a clock that stands still every run is measured as free; with a limit of zero none counts as cheap.
inline constexpr DispatcherOptions kAllDear{.inline_below = std::chrono::nanoseconds(0)};

}  // namespace modelyard::serving
