#include "edge/loop/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "base/fake_clock.h"
#include "edge/loop/listener.h"

namespace modelyard::edge {
namespace {

class RunningLoop {
 public:
  explicit RunningLoop(const Clock& clock = system_clock()) : loop_(std::move(EventLoop::create(clock).value())) {}
  ~RunningLoop() {
    loop_->stop();
    if (thread_.joinable()) thread_.join();
  }

  EventLoop& operator*() { return *loop_; }
  EventLoop* operator->() { return loop_.get(); }
  void start() {
    thread_ = std::jthread([this] { loop_->run(); });
  }
  // Returns when everything posted before has run.
  void settle() {
    std::promise<void> done;
    loop_->post([&] { done.set_value(); });
    done.get_future().wait();
  }

 private:
  std::unique_ptr<EventLoop> loop_;
  std::jthread thread_;
};

TEST(EventLoop, RunsPostedTasksInOrderOnItsOwnThread) {
  RunningLoop loop;
  std::vector<int> seen;
  std::thread::id thread;

  loop.start();
  for (int i = 0; i < 100; ++i) loop->post([&, i] { seen.push_back(i), thread = std::this_thread::get_id(); });
  loop.settle();

  ASSERT_EQ(seen.size(), 100u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(EventLoop, TakesTasksFromManyThreads) {
  RunningLoop loop;
  int count = 0;

  loop.start();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) loop->post([&] { ++count; });
      });
    }
  }
  loop.settle();

  EXPECT_EQ(count, 4000);
}

TEST(EventLoop, RunsWhatWasPostedBeforeItStops) {
  int count = 0;
  {
    RunningLoop loop;
    for (int i = 0; i < 10; ++i) loop->post([&] { ++count; });
    loop.start();
  }
  EXPECT_EQ(count, 10);
}

struct CountingWatcher final : Watcher {
  void on_ready(std::uint32_t) override {
    ++calls;
    if (then) then();
  }
  int calls = 0;
  std::function<void()> then;
};

TEST(EventLoop, DoesNotCallAWatcherThatWasUnwatchedInTheSameTurn) {
  RunningLoop loop;
  int first[2], second[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
  const UniqueFd owners[] = {UniqueFd(first[0]), UniqueFd(first[1]), UniqueFd(second[0]), UniqueFd(second[1])};
  CountingWatcher one, other;
  one.then = [&] { loop->unwatch(first[0], one), loop->unwatch(second[0], other); };
  other.then = one.then;
  ASSERT_TRUE(loop->watch(first[0], EPOLLIN, one).has_value());
  ASSERT_TRUE(loop->watch(second[0], EPOLLIN, other).has_value());
  ASSERT_EQ(::write(first[1], "x", 1), 1);
  ASSERT_EQ(::write(second[1], "x", 1), 1);

  loop.start();
  loop.settle();

  EXPECT_EQ(one.calls + other.calls, 1);
}

TEST(EventLoop, TicksWhenTheClockSaysSo) {
  FakeClock clock;
  RunningLoop loop(clock);
  int ticks = 0;
  loop->set_tick(std::chrono::hours(1), [&] { ++ticks; });

  loop.start();
  loop.settle();
  clock.advance(std::chrono::minutes(59));
  loop.settle();
  loop.settle();
  const int before = ticks;
  clock.advance(std::chrono::minutes(2));
  loop.settle();
  loop.settle();

  EXPECT_EQ(before, 0);
  EXPECT_EQ(ticks, 1);
}

TEST(Listener, LetsTheSystemChooseAPort) {
  const auto socket = open_listening_socket("127.0.0.1", 0);

  ASSERT_TRUE(socket.has_value()) << socket.error().message();
  EXPECT_GT(socket->port, 0);
}

TEST(Listener, SaysThatAPortIsTaken) {
  const auto first = open_listening_socket("127.0.0.1", 0);
  ASSERT_TRUE(first.has_value());

  const auto second = open_listening_socket("127.0.0.1", first->port);

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::kConflict);
}

}  // namespace
}  // namespace modelyard::edge
