#include "serving/dispatcher.h"
#include "rollout/test_keys.h"

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <latch>

#include "base/fake_clock.h"
#include "lifecycle/batch_probe.h"
#include "lifecycle/fake_source.h"
#include "lifecycle/reconciler.h"
#include "rollout/test_keys.h"

namespace modelyard::serving {
namespace {

using lifecycle::FakeSource;
using lifecycle::PublishedTable;
using lifecycle::Reconciler;

constexpr std::chrono::seconds kPatience{60};

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

float factor_of(const inference::InferResponse& response) {
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
constexpr DispatcherOptions kAllDear{.inline_below = std::chrono::nanoseconds(0)};

TEST_F(DispatcherTest, RunsCheapRequestsBeforeItReturns) {
  start();
  deploy(3, 1);

  submit();

  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(factor_of(*answers_[0]), 3);
  EXPECT_EQ(answers_[0]->model, "m");
  EXPECT_EQ(answers_[0]->version, 3);
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
}

TEST_F(DispatcherTest, HandsDearRequestsToWorkers) {
  start(kAllDear);
  deploy(3, 1);

  submit();
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(dispatcher_->in_flight(), 1u);
  wait_for_answers(1);

  EXPECT_EQ(factor_of(*answers_[0]), 3);
  EXPECT_EQ(dispatcher_->in_flight(), 0u);
}

TEST_F(DispatcherTest, GivesEveryAnswerAnIdOfItsOwn) {
  start();
  deploy(1, 1);
  submit();
  submit();

  EXPECT_NE(answers_[0]->prediction_id.text(), answers_[1]->prediction_id.text());
}

TEST_F(DispatcherTest, NamesWhatItDoesNotKnow) {
  start();
  EXPECT_EQ(route_refusal("m"), Code::kNotFound);
  deploy(1, 1);

  EXPECT_EQ(route_refusal("n"), Code::kNotFound);
  EXPECT_EQ(route_refusal("m", {.version = 9}), Code::kNotFound);
  EXPECT_EQ(route_refusal("m", {.alias = "champion"}), Code::kNotFound);
  EXPECT_TRUE(dispatcher_->route("m", {.version = 1}, nobody_).has_value());
}

TEST_F(DispatcherTest, AnswersUnavailableWhenTheQueueIsFull) {
  start(kAllDear, {.queue_capacity = 2});
  deploy(1, 1);
  Gate gate(backend_);
  submit();
  gate.wait_for(1);

  for (int i = 0; i < 3; ++i) submit();

  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error().code(), Code::kUnavailable);
  gate.open();
  wait_for_answers(4);
  EXPECT_EQ(dispatcher_->refused(), 1u);
}

TEST_F(DispatcherTest, KnowsBeforeARequestIsReadThatTheQueueIsFull) {
  start(kAllDear, {.queue_capacity = 1});
  deploy(1, 1);
  const auto has_room = [&](std::string_view body = "{}") {
    return dispatcher_->check_room(*dispatcher_->route("m", {}, nobody_), Protocol::kTensorFlowServing, body);
  };
  Gate gate(backend_);
  EXPECT_TRUE(has_room().has_value());
  submit();
  gate.wait_for(1);
  EXPECT_TRUE(has_room().has_value());  // one runs, none waits
  submit();

  EXPECT_EQ(has_room().error().code(), Code::kUnavailable);
  EXPECT_TRUE(has_room("{\"parameters\": {\"priority\": 1}}").has_value());
  EXPECT_EQ(dispatcher_->refused(), 1u);
  gate.open();
  wait_for_answers(2);
  EXPECT_TRUE(has_room().has_value());
}

TEST_F(DispatcherTest, HoldsTheLimitsOfWhatIsInFlight) {
  start({.most_in_flight = 2, .inline_below = std::chrono::nanoseconds(0)});
  deploy(1, 1);
  Gate gate(backend_);
  for (int i = 0; i < 3; ++i) submit();

  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error().code(), Code::kResourceExhausted);
  gate.open();
  wait_for_answers(3);
  submit();
  wait_for_answers(4);
  EXPECT_TRUE(answers_[3].has_value());
}

// Remembers what it is told.
class ListeningTap final : public Tap {
 public:
  Status promise() override { return ok(); }
  std::uint64_t on_end(const Ended& ended) override {
    ended_.push_back(ended.failure);
    return 0;
  }
  void on_refused(const Refused& refused) override {
    refused_.push_back(refused.code);
    EXPECT_NE(refused.servable, nullptr);
    EXPECT_NE(refused.time, UtcTime{});
  }

  std::vector<std::optional<Code>> ended_;
  std::vector<Code> refused_;
};

TEST_F(DispatcherTest, TellsTheTapOfWhatIsTakenAndOfWhatIsNot) {
  ListeningTap tap;
  start({.tap = &tap});
  deploy(1, 1);
  submit();
  dispatcher_->end_turn();
  dispatcher_->begin_drain();
  submit();

  EXPECT_EQ(tap.ended_, std::vector<std::optional<Code>>{std::nullopt});
  EXPECT_EQ(tap.refused_, std::vector<Code>{Code::kUnavailable});
}

TEST_F(DispatcherTest, HoldsTheLimitOfBytesInFlight) {
  start({.most_in_flight_bytes = 250, .inline_below = std::chrono::nanoseconds(0)});
  deploy(1, 1);
  Gate gate(backend_);
  for (int i = 0; i < 3; ++i) submit();

  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error().code(), Code::kResourceExhausted);
  gate.open();
  wait_for_answers(3);
}

TEST_F(DispatcherTest, DoesNotRunWhatIsTooLate) {
  start(kAllDear);
  deploy(1, 1);
  Gate gate(backend_);
  const int before = backend_.runs;
  submit();
  gate.wait_for(1);
  submit([&](TestCall& call) { call.request().deadline = clock_.steady_now() + std::chrono::seconds(1); });
  clock_.advance(std::chrono::seconds(2));
  gate.open();
  wait_for_answers(2);

  EXPECT_EQ(answers_[1].error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(backend_.runs - before, 1);

  submit([&](TestCall& call) { call.request().deadline = clock_.steady_now(); });
  EXPECT_EQ(answers_[2].error().code(), Code::kDeadlineExceeded);
}

TEST_F(DispatcherTest, DoesNotRunForClientsThatHaveLeft) {
  start(kAllDear);
  deploy(1, 1);
  Gate gate(backend_);
  const int before = backend_.runs;
  submit();
  gate.wait_for(1);
  submit([](TestCall& call) { call.gone = true; });
  gate.open();
  wait_for_answers(2);

  EXPECT_EQ(answers_[1].error().code(), Code::kCancelled);
  EXPECT_EQ(backend_.runs - before, 1);
}

TEST_F(DispatcherTest, RunsUrgentRequestsFirst) {
  start(kAllDear);
  deploy(1, 1);
  Gate gate(backend_);
  std::vector<int> order;
  const auto ask = [&](int number, int priority) {
    auto call = std::make_unique<TestCall>([&order, number](auto) { order.push_back(number); });
    call->request().priority = priority;
    dispatcher_->submit(*dispatcher_->route("m", {}, nobody_), CallPtr(call.release()));
  };
  ask(0, 0);
  gate.wait_for(1);
  ask(1, 0);
  ask(2, 1);
  ask(3, 1);
  gate.open();
  while (order.size() < 4) tasks_.wait_and_run();

  EXPECT_EQ(order, (std::vector<int>{0, 2, 3, 1}));
}

TEST_F(DispatcherTest, TakesNothingNewWhenItDrains) {
  start(kAllDear);
  deploy(1, 1);
  submit();
  dispatcher_->begin_drain();

  submit();
  wait_for_answers(2);

  EXPECT_EQ(answers_[0].error().code(), Code::kUnavailable);
  EXPECT_TRUE(answers_[1].has_value());
}

TEST_F(DispatcherTest, RefusesInputsThatDoNotFit) {
  start();
  deploy(1, 1);

  submit([](TestCall& call) { call.request().inputs.front().name = "z"; });
  submit([](TestCall& call) { call.request().wanted_outputs.push_back("z"); });

  EXPECT_EQ(answers_[0].error().code(), Code::kInvalidArgument);
  EXPECT_EQ(answers_[1].error().code(), Code::kInvalidArgument);
  EXPECT_EQ(backend_.runs, 8 * 2);  // warm-up alone
}

// Every run takes a millisecond, however many rows it has: worth sharing.
class BatchingTest : public DispatcherTest {
 protected:
  BatchingTest() {
    backend_.during_run = [this] { clock_.advance(std::chrono::milliseconds(1)); };
  }
};

TEST_F(BatchingTest, SharesOneRunBetweenTheRequestsOfATurn) {
  start({.inline_below = std::chrono::seconds(1)});
  deploy(3, 1);
  const int before = backend_.runs;

  for (int i = 0; i < 5; ++i) submit();
  EXPECT_TRUE(answers_.empty());
  EXPECT_TRUE(dispatcher_->end_turn());

  ASSERT_EQ(answers_.size(), 5u);
  for (const auto& answer : answers_) EXPECT_EQ(factor_of(*answer), 3);
  EXPECT_EQ(backend_.runs - before, 1);
  EXPECT_FALSE(dispatcher_->end_turn());
}

TEST_F(BatchingTest, StartsAnotherRunBeyondTheMostRows) {
  start({.inline_below = std::chrono::seconds(1)});
  deploy(1, 1);
  const int before = backend_.runs;

  for (int i = 0; i < lifecycle::kMostBatchRows + 1; ++i) submit();
  EXPECT_EQ(answers_.size(), static_cast<std::size_t>(lifecycle::kMostBatchRows));
  dispatcher_->end_turn();

  EXPECT_EQ(answers_.size(), static_cast<std::size_t>(lifecycle::kMostBatchRows) + 1);
  EXPECT_EQ(backend_.runs - before, 2);
}

TEST_F(BatchingTest, MakesTheNextRunOfWhatCameWhileAWorkerWasBusy) {
  start(kAllDear);
  deploy(1, 1);
  Gate gate(backend_);
  const int before = backend_.runs;
  submit();
  dispatcher_->end_turn();
  gate.wait_for(1);
  for (int i = 0; i < 6; ++i) {
    submit();
    dispatcher_->end_turn();
  }
  gate.open();
  wait_for_answers(7);

  for (const auto& answer : answers_) EXPECT_EQ(factor_of(*answer), 1);
  EXPECT_EQ(backend_.runs - before, 2);
}

// Loops ask without pause while versions are swapped under them: every request is answered, and by a version that was
// deployed at the time.
TEST(Swaps, LoseNoRequest) {
  constexpr int kSwaps = 200;
  constexpr std::size_t kLoops = 2;
  SeededRandom random(5);
  backend::FakeBackend backend;
  FakeSource source;
  PublishedTable table;
  TaskQueue tasks[kLoops];
  std::vector<std::unique_ptr<Dispatcher>> dispatchers;
  for (std::size_t i = 0; i < kLoops; ++i) {
    DispatcherOptions options{.loop_index = i};
    if (i == 1) options.inline_below = std::chrono::nanoseconds(0);  // one loop runs here, one hands over
    dispatchers.push_back(std::make_unique<Dispatcher>(
        options, table, table.add_reader([] {}),
        [&tasks, i](std::move_only_function<void()> task) { tasks[i].post(std::move(task)); }, system_clock(), random));
  }
  Reconciler reconciler(
      {}, {&backend}, source, table,
      [&](lifecycle::Servable& servable) -> Result<std::unique_ptr<lifecycle::Executor>> {
        return std::make_unique<VersionExecutor>(servable, ExecutorOptions{.loops = kLoops}, system_clock());
      },
      {}, system_clock(), random);
  std::atomic<bool> done{false};
  std::atomic<int> asked{0}, answered{0}, wrong{0};
  std::atomic<VersionNumber> oldest{1}, newest{1};
  std::vector<std::jthread> loops;
  std::latch serving(kLoops);
  for (std::size_t i = 0; i < kLoops; ++i) {
    loops.emplace_back([&, i] {
      int mine = 0, back = 0;
      bool first = true;
      while (!done || back < mine) {
        tasks[i].run_some();
        dispatchers[i]->end_turn();
        dispatchers[i]->refresh();
        const auto route = dispatchers[i]->route("m", {}, rollout::TestKeys());
        if (done || !route || mine - back > 8) {
          std::this_thread::yield();
          continue;
        }
        if (std::exchange(first, false)) serving.count_down();
        const VersionNumber least = oldest;
        ++mine;
        ++asked;
        dispatchers[i]->submit(*route, CallPtr(new TestCall([&, least](Result<inference::InferResponse> got) {
          ++back;
          ++answered;
          const bool fits = got && got->version >= least && got->version <= newest &&
                            factor_of(*got) == static_cast<float>(got->version);
          if (!fits) ++wrong;
        })));
      }
    });
  }
  reconciler.start();
  source.deploy("m", 1, 1);
  ASSERT_TRUE(reconciler.wait_for_endpoint("m", 1, kPatience).has_value());
  serving.wait();

  for (VersionNumber version = 2; version <= kSwaps; ++version) {
    newest = version;
    source.deploy("m", version, version);
    ASSERT_TRUE(reconciler.wait_for_endpoint("m", version, kPatience).has_value());
    oldest = version;
  }
  done = true;
  loops.clear();
  dispatchers.clear();
  reconciler.stop();

  EXPECT_EQ(answered, asked);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(asked, kSwaps);
  EXPECT_EQ(backend.loaded, 0);
}

}  // namespace
}  // namespace modelyard::serving
