// Reads the elements of tensors from JSON.
//
// Exact: FP32 and FP64 are rounded once; beyond the range they become infinite, as Triton has it. Integers
//        outside their datatype, and fractions for integers, are refused.
// Limits: memory grows with the elements that are there, not with the shape that is claimed.
#pragma once

#include <string>

#include "edge/codec/json/json_scanner.h"
#include "inference/tensor.h"

namespace modelyard::edge {

// Collects elements of one datatype; BYTES length-prefixed.
class ElementReader {
 public:
  // Pre: not FP16 or BF16.
  explicit ElementReader(inference::DataType type) : type_(type) {}

  // One scalar.
  Status read(JsonScanner& json);
  // The rest of an array that was begun, up to its end, while it holds scalars.
  Status read_rest(JsonScanner& json);
  void add_bytes(std::string_view element);

  inference::DataType type() const { return type_; }
  std::int64_t count() const { return count_; }
  inference::Buffer take();

 private:
  template <typename T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    ++count_;
  }
  template <typename T>
  Status read_integer(JsonScanner& json);
  template <typename T>
  Status read_float(JsonScanner& json);
  Status read_text(JsonScanner& json);

  inference::DataType type_;
  std::string bytes_;
  std::int64_t count_ = 0;
  std::string scratch_;
};

// The `data` of a tensor of that shape: flat, or nested exactly as the shape says.
Result<inference::Buffer> read_json_data(JsonScanner& json, inference::DataType type, inference::ShapeView shape);

}  // namespace modelyard::edge
