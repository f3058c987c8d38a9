// EventLoop is one thread that waits for sockets, timers and tasks, and runs what they ask for to
// completion. A turn is one wait and the work it found.
//
// Threads:   run() on one thread, which is then "the loop's thread"; post() and stop() from any; the rest on
//            the loop's thread or before run().
// Ownership: a Watcher must outlive its registration. Tasks are destroyed on the loop's thread, or with
//            the loop.
// Order:     a turn is: turn hook, ready descriptors, posted tasks, tick, turn ends until they find nothing to do.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "edge/loop/text_pool.h"

namespace modelyard::edge {

class Watcher {
 public:
  virtual ~Watcher() = default;
  // `events` as of epoll_wait(2). May unwatch itself or others.
  virtual void on_ready(std::uint32_t events) = 0;
};

class EventLoop {
 public:
  using Task = std::move_only_function<void()>;

  static Result<std::unique_ptr<EventLoop>> create(const Clock& clock);
  ~EventLoop();

  void run();
  // run() returns after the turn it is in; what was posted before runs first.
  void stop();

  // Runs the task on the loop's thread. After run() has returned, tasks are dropped.
  void post(Task task);

  Status watch(int fd, std::uint32_t events, Watcher& watcher);
  void change(int fd, std::uint32_t events, Watcher& watcher);
  // The watcher is not called again, not even for events of this turn.
  void unwatch(int fd, Watcher& watcher);

  // Called at the start of every turn.
  void set_turn_hook(std::function<void()> hook) { turn_hook_ = std::move(hook); }
  // Called at the end of every turn, in the order they were added, again and again until none did anything. What was
  // gathered in the turn is done there.
  void add_turn_end(std::function<bool()> turn_end) { turn_ends_.push_back(std::move(turn_end)); }
  // Called about every `interval` while the loop runs.
  void set_tick(std::chrono::milliseconds interval, std::function<void()> tick);

  const Clock& clock() const { return clock_; }
  TextPool& texts() { return texts_; }

 private:
  EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake);

  void dispatch_ready(int timeout_ms);
  void run_tasks();
  void run_tick();
  void end_turn();
  int milliseconds_to_tick() const;

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd wake_;
  TextPool texts_;
  std::function<void()> turn_hook_;
  std::vector<std::function<bool()>> turn_ends_;
  std::function<void()> tick_;
  std::chrono::milliseconds tick_interval_{0};
  SteadyTime next_tick_{};
  std::vector<Watcher*> unwatched_this_turn_;
  bool dispatching_ = false;

  std::atomic<bool> stopping_{false};
  // A lock, not a lock-free queue: a task comes from another thread, which costs a wake-up anyway.
  Mutex mutex_;
  std::vector<Task> inbox_ MODELYARD_GUARDED_BY(mutex_);
  bool ended_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::vector<Task> running_;  // reused between turns
};

}  // namespace modelyard::edge
