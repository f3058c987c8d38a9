// WireMemory is what libnghttp2 allocates from: blocks that it gave back are kept for the next, so that a steady load
// allocates nothing.
//
// Threads: its session's loop; goes with the session.
// Limits:  keeps at most kMostKept bytes; larger blocks than kLargest are the heap's.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>

namespace modelyard::edge {

class WireMemory {
 public:
  WireMemory() = default;
  ~WireMemory() { rest(); }
  WireMemory(const WireMemory&) = delete;
  WireMemory& operator=(const WireMemory&) = delete;

  nghttp2_mem* interface() { return &interface_; }
  // Gives back to the heap what nobody uses.
  void rest();
  // Gives back to the system the pages of the room in which libnghttp2 forms frames. Pre: it has none to send, so that
  // what stands there is of no use.
  void rest_frames();

 private:
  // The heap's blocks have 8 bytes more than a multiple of 16; it knows their size, so that they need no head of ours.
  static constexpr std::size_t kStep = 16, kBeyond = 8, kLargest = 1024, kMostKept = 64u << 10;

  // The first block of that size is the room for frames: whole pages of its own, so that they can be given back.
  static constexpr std::size_t kFrameRoom = 16u << 10;

  // Within a block that nobody uses.
  struct Free {
    Free* next;
  };

  static std::size_t class_of(std::size_t bytes) {
    return bytes <= kBeyond ? 0 : (bytes - kBeyond + kStep - 1) / kStep;
  }
  void* take(std::size_t bytes);
  void put(void* block);
  void* resize(void* block, std::size_t bytes);

  static void* allocate(std::size_t bytes, void* self);
  static void release(void* block, void* self);
  static void* allocate_zeroed(std::size_t count, std::size_t bytes, void* self);
  static void* reallocate(void* block, std::size_t bytes, void* self);

  nghttp2_mem interface_{this, allocate, release, allocate_zeroed, reallocate};
  std::array<Free*, kLargest / kStep> kept_{};  // those of a class hold what class_of() says of their size
  std::size_t kept_bytes_ = 0;
  void* frame_room_ = nullptr;
};

}  // namespace modelyard::edge
