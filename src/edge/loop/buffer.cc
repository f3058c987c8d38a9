#include "edge/loop/buffer.h"

#include <bit>

namespace modelyard::edge {
namespace {

std::size_t class_of(std::size_t capacity) {
  if (capacity <= BufferPool::kSmallest) return 0;
  return static_cast<std::size_t>(std::bit_width((capacity - 1) / BufferPool::kSmallest));
}

}  // namespace

Buffer BufferPool::take(std::size_t capacity) {
  const std::size_t wanted = class_of(capacity);
  if (wanted >= kClasses) return Buffer(capacity);
  auto& blocks = free_[wanted];
  if (blocks.empty()) return Buffer(kSmallest << wanted);
  Buffer buffer = std::move(blocks.back());
  blocks.pop_back();
  kept_ -= buffer.capacity();
  return buffer;
}

void BufferPool::put(Buffer buffer) {
  if (!buffer || kept_ + buffer.capacity() > max_kept_) return;
  const std::size_t its_class = class_of(buffer.capacity());
  if (its_class >= kClasses || buffer.capacity() != kSmallest << its_class) return;
  kept_ += buffer.capacity();
  free_[its_class].push_back(std::move(buffer));
}

}  // namespace modelyard::edge
