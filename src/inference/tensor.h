// TensorView names a typed block of memory that somebody else owns; Tensor owns its block.
//
// Shapes:    every dimension known; row-major. `bytes` has exactly the size that type and shape ask for,
//            or, for BYTES, length-prefixed elements (see data_type.h) whose count the shape gives.
// Ownership: a TensorView borrows name, shape and bytes; whoever makes it says for how long. A Tensor owns
//            its bytes through `Buffer`, which also holds memory that an engine allocated.
// Devices:   only the CPU today; kind and device number are part of the type from the start.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inference/data_type.h"
#include "inference/shape.h"

namespace modelyard::inference {

enum class MemoryKind : std::uint8_t { kCpu, kCpuPinned, kGpu };

struct TensorView {
  std::string_view name;
  DataType type = DataType::kFp32;
  ShapeView shape;
  std::span<const std::byte> bytes;
  MemoryKind memory = MemoryKind::kCpu;
  std::int32_t device = 0;
};

// A block of bytes and the way to give it back. Move-only. 64-byte aligned when allocated here.
class Buffer {
 public:
  Buffer() = default;
  // Uninitialised memory.
  static Buffer allocate(std::size_t size);
  // Memory of someone else, released by `release`, for instance an engine's own tensor.
  static Buffer adopt(std::span<std::byte> bytes, std::function<void()> release);
  // So many bytes, uninitialised, in the memory that it has when that is large enough and its own.
  void resize(std::size_t size);

  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Buffer();

  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  // Of memory that was allocated here; 0 otherwise.
  std::size_t capacity() const { return capacity_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(capacity_, other.capacity_);
    std::swap(release_, other.release_);
  }

  std::span<std::byte> bytes_;
  std::size_t capacity_ = 0;
  std::function<void()> release_;  // empty: allocated here
};

struct Tensor {
  std::string name;
  DataType type = DataType::kFp32;
  Shape shape;
  Buffer buffer;

  // Valid while the tensor lives and is not changed.
  TensorView view() const { return {name, type, shape, buffer.bytes()}; }
};

// Checks that `bytes` is what type and shape ask for; walks the lengths of BYTES.
Status check_tensor_bytes(const TensorView& tensor);

// Calls visit(element) for each element of a BYTES tensor that check_tensor_bytes() accepted.
template <typename Visit>
void for_each_bytes_element(std::span<const std::byte> bytes, Visit visit) {
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    __builtin_memcpy(&length, bytes.data(), sizeof length);
    visit(std::string_view(reinterpret_cast<const char*>(bytes.data()) + sizeof length, length));
    bytes = bytes.subspan(sizeof length + length);
  }
}

}  // namespace modelyard::inference
