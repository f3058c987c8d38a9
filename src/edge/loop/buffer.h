// Buffer owns one contiguous block of bytes, never zero-filled; BufferPool keeps blocks of a loop for
// the next connection, so that a steady load allocates nothing.
//
// Ownership: a Buffer frees its block; give it back with BufferPool::put() to have it used again.
// Threads:   a pool belongs to one loop. A Buffer may be freed on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace modelyard::edge {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity)
      : block_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}
  Buffer(Buffer&& other) noexcept : block_(std::move(other.block_)), capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    block_ = std::move(other.block_);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  char* data() const { return block_.get(); }
  std::size_t capacity() const { return capacity_; }
  explicit operator bool() const { return capacity_ > 0; }

 private:
  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
};

class BufferPool {
 public:
  static constexpr std::size_t kSmallest = 16u << 10;

  // Keeps at most `max_kept` bytes of free blocks.
  explicit BufferPool(std::size_t max_kept = 16u << 20) : max_kept_(max_kept) {}

  // A block of at least `capacity` bytes, its content undefined.
  Buffer take(std::size_t capacity);
  void put(Buffer buffer);

  std::size_t kept_bytes() const { return kept_; }

 private:
  // Class c holds blocks of kSmallest << c bytes; larger ones go back to the allocator.
  static constexpr std::size_t kClasses = 11;

  const std::size_t max_kept_;
  std::size_t kept_ = 0;
  std::array<std::vector<Buffer>, kClasses> free_;
};

}  // namespace modelyard::edge
