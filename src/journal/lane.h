// Lane carries entries of bytes from one thread to another: a ring of a fixed size that never blocks either of them.
//
// Threads: room(), commit() and position() on the one thread that writes, take() on the one that reads.
// Order:   first in, first out. A position counts all bytes that were ever committed.
// Limits:  an entry that finds no room is the caller's loss; it gets null.
#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"

namespace modelyard::journal {

class Lane {
 public:
  // `capacity` is a power of two.
  explicit Lane(std::size_t capacity)
      : capacity_(capacity), ring_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
    MODELYARD_CHECK(std::has_single_bit(capacity), "the capacity of a lane is a power of two");
  }

  // Where an entry of so many bytes may be written, to be followed by commit(); null when there is no room.
  std::byte* room(std::size_t bytes) {
    const std::size_t whole = whole_bytes(bytes);
    const std::size_t offset = head_ & (capacity_ - 1);
    const std::size_t skipped = offset + whole > capacity_ ? capacity_ - offset : 0;  // entries lie in one piece
    if (!has_room(skipped + whole)) return nullptr;
    if (skipped > 0) put_length(offset, kSkip);
    head_ += skipped;
    put_length(head_ & (capacity_ - 1), bytes);
    pending_ = whole;
    return ring_.get() + (head_ & (capacity_ - 1)) + kLengthBytes;
  }
  void commit() {
    head_ += pending_;
    published_.store(head_, std::memory_order_release);
  }
  bool has_room(std::size_t bytes) {
    if (capacity_ - (head_ - freed_seen_) >= bytes) return true;
    freed_seen_ = freed_.load(std::memory_order_acquire);
    return capacity_ - (head_ - freed_seen_) >= bytes;
  }
  std::uint64_t position() const { return head_; }
  // What it will be after commit().
  std::uint64_t position_after() const { return head_ + pending_; }

  // Of what was committed; from either thread.
  std::uint64_t committed() const { return published_.load(std::memory_order_relaxed); }

  // Gives every committed entry to `take_one`, frees the room, and returns the position that was reached.
  template <typename TakeOne>
  std::uint64_t take(TakeOne take_one) {
    const std::uint64_t end = published_.load(std::memory_order_acquire);
    while (tail_ < end) {
      const std::size_t offset = tail_ & (capacity_ - 1);
      std::uint64_t length = 0;
      std::memcpy(&length, ring_.get() + offset, kLengthBytes);
      if (length == kSkip) {
        tail_ += capacity_ - offset;
        continue;
      }
      take_one(std::span<const std::byte>(ring_.get() + offset + kLengthBytes, length));
      tail_ += whole_bytes(length);
    }
    freed_.store(tail_, std::memory_order_release);
    return tail_;
  }

 private:
  static constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
  static constexpr std::uint64_t kSkip = ~std::uint64_t{0};  // the rest of the ring is empty

  static std::size_t whole_bytes(std::size_t bytes) { return kLengthBytes + (bytes + 7) / 8 * 8; }
  void put_length(std::size_t offset, std::uint64_t length) {
    std::memcpy(ring_.get() + offset, &length, kLengthBytes);
  }

  const std::size_t capacity_;
  const std::unique_ptr<std::byte[]> ring_;
  // Of the thread that writes.
  alignas(64) std::uint64_t head_ = 0;
  std::uint64_t freed_seen_ = 0;
  std::size_t pending_ = 0;
  alignas(64) std::atomic<std::uint64_t> published_{0};
  // Of the thread that reads.
  alignas(64) std::uint64_t tail_ = 0;
  alignas(64) std::atomic<std::uint64_t> freed_{0};
};

}  // namespace modelyard::journal
