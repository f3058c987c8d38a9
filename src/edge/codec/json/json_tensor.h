// Reads the elements of tensors from JSON.
//
// Exact: FP32 and FP64 are rounded once; beyond the range they become infinite, as Triton has it. Integers
//        outside their datatype, and fractions for integers, are refused.
// Limits: memory grows with the text that is there, not with the shape that is claimed.
// Ownership: elements lie in the memory that was given, aligned for every datatype, and stay until it goes.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <span>
#include <string>

#include "edge/codec/json/json_scanner.h"
#include "inference/tensor.h"

namespace modelyard::edge {

// Collects elements of one datatype; BYTES length-prefixed.
class ElementReader {
 public:
  // Pre: not FP16 or BF16.
  ElementReader(inference::DataType type, std::pmr::memory_resource* memory) : type_(type), memory_(memory) {}

  // Makes room for so many bytes at once.
  void reserve(std::size_t bytes);

  // One scalar.
  Status read(JsonScanner& json);
  // Scalars that follow another one, `most` at most, as far as there is a fast way; how many.
  std::size_t read_some(JsonScanner& json, std::size_t most);
  // The rest of an array that was begun, up to its end, while it holds scalars.
  Status read_rest(JsonScanner& json);
  void add_bytes(std::string_view element);

  inference::DataType type() const { return type_; }
  std::int64_t count() const { return count_; }
  std::span<const std::byte> bytes() const { return room_.first(size_); }

 private:
  static constexpr std::size_t kLeastRoom = 64;

  void append(const void* bytes, std::size_t size) {
    if (room_.size() - size_ < size) reserve(std::max({kLeastRoom, 2 * room_.size(), size_ + size}));
    if (size > 0) __builtin_memcpy(room_.data() + size_, bytes, size);
    size_ += size;
  }
  template <typename T>
  void put(T value) {
    append(&value, sizeof value);
    ++count_;
  }
  template <typename T>
  Status read_integer(JsonScanner& json);
  template <typename T>
  Status read_float(JsonScanner& json);
  Status read_text(JsonScanner& json);

  inference::DataType type_;
  std::pmr::memory_resource* memory_;
  std::span<std::byte> room_;
  std::size_t size_ = 0;
  std::int64_t count_ = 0;
  std::string scratch_;
};

// The `data` of a tensor of that shape: flat, or nested exactly as the shape says.
Result<std::span<const std::byte>> read_json_data(JsonScanner& json, inference::DataType type,
                                                  inference::ShapeView shape, std::pmr::memory_resource* memory);

}  // namespace modelyard::edge
