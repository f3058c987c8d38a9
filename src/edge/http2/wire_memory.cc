#include "edge/http2/wire_memory.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace modelyard::edge {

void* WireMemory::take(std::size_t bytes) {
  const std::size_t wanted = class_of(bytes);
  if (wanted >= kept_.size() || kept_[wanted] == nullptr) return std::malloc(bytes);
  Free* const block = std::exchange(kept_[wanted], kept_[wanted]->next);
  kept_bytes_ -= ::malloc_usable_size(block);
  return block;
}

void WireMemory::put(void* block) {
  if (block == nullptr) return;
  const std::size_t bytes = ::malloc_usable_size(block);
  // Of a size between two classes it serves the smaller one.
  const std::size_t its_class = (bytes - kBeyond) / kStep;
  if (bytes < sizeof(Free) + kBeyond || its_class >= kept_.size() || kept_bytes_ + bytes > kMostKept) {
    return std::free(block);
  }
  kept_[its_class] = ::new (block) Free{kept_[its_class]};
  kept_bytes_ += bytes;
}

void* WireMemory::resize(void* block, std::size_t bytes) {
  if (block == nullptr) return take(bytes);
  const std::size_t present = ::malloc_usable_size(block);
  if (bytes <= present) return block;
  void* const larger = take(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, present);
  put(block);
  return larger;
}

void WireMemory::rest() {
  for (Free*& kept : kept_) {
    while (kept != nullptr) std::free(std::exchange(kept, kept->next));
  }
  kept_bytes_ = 0;
}

void* WireMemory::allocate(std::size_t bytes, void* self) {
  return static_cast<WireMemory*>(self)->take(bytes);
}

void WireMemory::release(void* block, void* self) {
  static_cast<WireMemory*>(self)->put(block);
}

void* WireMemory::allocate_zeroed(std::size_t count, std::size_t bytes, void* self) {
  std::size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all)) return nullptr;
  void* const block = static_cast<WireMemory*>(self)->take(all);
  return block == nullptr ? nullptr : std::memset(block, 0, all);
}

void* WireMemory::reallocate(void* block, std::size_t bytes, void* self) {
  return static_cast<WireMemory*>(self)->resize(block, bytes);
}

}  // namespace modelyard::edge
