// SpanRing hands what an event loop has to tell over to one reader, and never waits: what finds no room is dropped.
//
// Threads:   push() on its loop, pop() on the reader's thread; size() from either.
// Ownership: records stay in the ring and are filled again, so that their texts keep their memory.
// Limits:    `capacity` records, a power of two.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "base/check.h"

namespace modelyard::telemetry {

template <typename Record>
class SpanRing {
 public:
  explicit SpanRing(std::size_t capacity) : slots_(capacity) {
    MODELYARD_CHECK(capacity > 0 && (capacity & (capacity - 1)) == 0, "the capacity is a power of two");
  }

  // Calls fill(Record&), which holds what an earlier one has left. False, and it is not called, when there is no room.
  template <typename Fill>
  bool push(Fill&& fill) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return false;
    fill(slots_[tail & (slots_.size() - 1)]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Calls use(const Record&). False when it is empty.
  template <typename Use>
  bool pop(Use&& use) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    use(slots_[head & (slots_.size() - 1)]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // While the other side works it may have changed already.
  std::size_t size() const { return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire); }

 private:
  std::vector<Record> slots_;
  alignas(64) std::atomic<std::size_t> tail_{0};  // the loop's
  alignas(64) std::atomic<std::size_t> head_{0};  // the reader's
};

}  // namespace modelyard::telemetry
