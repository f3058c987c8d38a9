#include "inference/tensor.h"

#include <new>

namespace modelyard::inference {
namespace {

constexpr std::align_val_t kAlignment{64};

Status check_bytes_elements(const TensorView& tensor, std::int64_t count) {
  auto rest = tensor.bytes;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t length = 0;
    if (rest.size() < sizeof length) {
      return error(Code::kInvalidArgument, "tensor '{}' ends at element {} of {}", tensor.name, i, count);
    }
    __builtin_memcpy(&length, rest.data(), sizeof length);
    if (rest.size() - sizeof length < length) {
      return error(Code::kInvalidArgument, "tensor '{}': element {} says {} bytes, {} are left", tensor.name, i, length,
                   rest.size() - sizeof length);
    }
    rest = rest.subspan(sizeof length + length);
  }
  if (rest.empty()) return ok();
  return error(Code::kInvalidArgument, "tensor '{}' has {} bytes after its {} elements", tensor.name, rest.size(),
               count);
}

}  // namespace

Buffer Buffer::allocate(std::size_t size) {
  Buffer buffer;
  auto* memory = static_cast<std::byte*>(::operator new(size == 0 ? 1 : size, kAlignment));
  buffer.bytes_ = {memory, size};
  buffer.capacity_ = size;
  return buffer;
}

void Buffer::resize(std::size_t size) {
  if (size > capacity_ || bytes_.data() == nullptr) {
    *this = allocate(size);
  } else {
    bytes_ = {bytes_.data(), size};
  }
}

Buffer Buffer::adopt(std::span<std::byte> bytes, std::function<void()> release) {
  Buffer buffer;
  buffer.bytes_ = bytes;
  buffer.release_ = std::move(release);
  if (!buffer.release_) buffer.release_ = [] {};  // never freed as if allocated here
  return buffer;
}

Buffer::~Buffer() {
  if (release_) {
    release_();
  } else if (bytes_.data() != nullptr) {
    ::operator delete(bytes_.data(), kAlignment);
  }
}

Status check_tensor_bytes(const TensorView& tensor) {
  MODELYARD_ASSIGN(const std::int64_t count, element_count(tensor.shape));
  if (tensor.type == DataType::kBytes) return check_bytes_elements(tensor, count);
  std::int64_t expected = 0;
  if (__builtin_mul_overflow(count, static_cast<std::int64_t>(element_bytes(tensor.type)), &expected)) {
    return error(Code::kInvalidArgument, "tensor '{}': shape {} has too many elements", tensor.name,
                 format_shape(tensor.shape));
  }
  if (static_cast<std::uint64_t>(expected) == tensor.bytes.size()) return ok();
  return error(Code::kInvalidArgument, "tensor '{}' of {} {} needs {} bytes, got {}", tensor.name,
               data_type_name(tensor.type), format_shape(tensor.shape), expected, tensor.bytes.size());
}

}  // namespace modelyard::inference
