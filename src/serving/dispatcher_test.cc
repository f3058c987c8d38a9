#include "serving/test_dispatcher.h"

namespace modelyard::serving {
namespace {

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
