// DataType is the element type of a tensor, as the Open Inference Protocol names them.
//
// Bytes: little-endian, row-major, no padding. BOOL is one byte, 0 or 1. FP16 is IEEE 754 binary16, BF16
//        the upper half of an FP32. A BYTES element is a 32-bit little-endian length and that many bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace modelyard::inference {

enum class DataType : std::uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kBf16,
  kFp32,
  kFp64,
  kBytes,
};

inline constexpr int kDataTypes = 14;

// "BOOL", "UINT8" … "BYTES".
std::string_view data_type_name(DataType type);
std::optional<DataType> parse_data_type(std::string_view name);
// Bytes of one element; 0 for BYTES, whose elements vary.
std::size_t element_bytes(DataType type);

}  // namespace modelyard::inference
