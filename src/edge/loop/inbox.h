// Inbox carries tasks from any thread to one loop, without a lock: a stack that the loop empties at
// once and turns round. It outlives its loop as long as somebody may still post to it.
//
// Threads: post() from any thread; take() and close() from the loop's thread.
// Order:   tasks of one thread run in the order they were posted. After close() post() refuses.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/unique_fd.h"

namespace modelyard::edge {

using Task = std::move_only_function<void()>;

class Inbox {
 public:
  // What is posted without an allocation is itself a node. run() is called once, on the loop, after
  // which the inbox does not touch it; discard() instead, on either thread, when the loop has gone.
  class Node {
   public:
    virtual ~Node() = default;
    virtual void run() = 0;
    virtual void discard() = 0;
    Node* next = nullptr;
  };

  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // False when the loop has gone; the task is destroyed then.
  bool post(Task task);
  // False when the loop has gone; discard() was called then.
  bool post(Node& node);

  // The nodes posted so far, oldest first, linked by `next`.
  Node* take();
  // Refuses from now on and discards what was posted.
  void close();

  // Readable when something was posted to an empty inbox.
  int wake_fd() const { return wake_.get(); }
  // Makes wake_fd() unreadable again; call before take().
  void acknowledge_wake();

  void set_home_thread() { home_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  bool on_home_thread() const { return home_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  bool empty() const { return top_.load(std::memory_order_relaxed) == nullptr; }

 private:
  UniqueFd wake_;
  std::atomic<Node*> top_{nullptr};
  std::atomic<std::thread::id> home_{};
};

}  // namespace modelyard::edge
