// ControlExecutor runs control calls off the event loops: they wait for the disk.
//
// Threads: submit() from any thread; tasks run on a few threads. Bounded: submit() answers false when too much waits.
// Order:   stop() runs what is queued.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/thread_name.h"

namespace modelyard::edge {

class ControlExecutor {
 public:
  using Task = std::move_only_function<void()>;

  ControlExecutor(std::size_t threads, std::size_t capacity) : queue_(capacity) {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] {
        name_thread("control");
        while (auto task = queue_.pop()) (*task)();
      });
    }
  }
  ~ControlExecutor() { stop(); }

  bool submit(Task& task) { return queue_.try_push(task); }
  void stop() {
    queue_.close();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  BoundedQueue<Task> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace modelyard::edge
