#include "edge/http2/wire_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace modelyard::edge {
namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

void* WireMemory::take(std::size_t bytes) {
  if (bytes >= kFrameRoom && frame_room_ == nullptr) {
    return ::posix_memalign(&frame_room_, kPage, bytes) == 0 ? frame_room_ : nullptr;
  }
  const std::size_t wanted = class_of(bytes);
  if (wanted >= kept_.size() || kept_[wanted] == nullptr) return std::malloc(bytes);
  Free* const block = std::exchange(kept_[wanted], kept_[wanted]->next);
  kept_bytes_ -= ::malloc_usable_size(block);
  return block;
}

void WireMemory::put(void* block) {
  if (block == nullptr) return;
  if (block == frame_room_) {
    frame_room_ = nullptr;
    return std::free(block);
  }
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

void WireMemory::rest_frames() {
  if (frame_room_ == nullptr) return;
  ::madvise(frame_room_, ::malloc_usable_size(frame_room_) / kPage * kPage, MADV_DONTNEED);
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
