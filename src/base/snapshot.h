// Snapshot publishes an immutable value to many readers. A writer replaces the whole value; a reader
// keeps the one it took for as long as it likes.
//
// Threads: publish() and current() from any thread. A hot reader keeps its own reference and asks
//          generation() (one relaxed load) whether to take a newer one.
// A mutex, not std::atomic<shared_ptr>: readers come here once per publication, and the sanitizers
// understand it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/mutex.h"

namespace modelyard {

template <typename T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  // Returns the generation of this publication; the first value is generation 1.
  std::uint64_t publish(std::shared_ptr<const T> next) {
    MutexLock lock(mutex_);
    current_.swap(next);  // the old value is released after the lock, by `next`
    return generation_.fetch_add(1, std::memory_order_release) + 1;
  }

  std::shared_ptr<const T> current() const {
    MutexLock lock(mutex_);
    return current_;
  }

  // Value and generation that belong together.
  std::pair<std::shared_ptr<const T>, std::uint64_t> current_with_generation() const {
    MutexLock lock(mutex_);
    return {current_, generation_.load(std::memory_order_relaxed)};
  }

  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> current_ MODELYARD_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace modelyard
