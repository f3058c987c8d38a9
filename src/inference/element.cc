#include "inference/element.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace modelyard::inference {
namespace {

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

double from_half(std::uint16_t bits) {
  const int sign = bits >> 15, exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return sign == 0 ? value : -value;
}

}  // namespace

bool is_floating(DataType type) {
  return type == DataType::kFp16 || type == DataType::kBf16 || type == DataType::kFp32 || type == DataType::kFp64;
}

double number_at(DataType type, const std::byte* element) {
  switch (type) {
    case DataType::kBool: return load<std::uint8_t>(element) != 0 ? 1 : 0;
    case DataType::kUint8: return load<std::uint8_t>(element);
    case DataType::kUint16: return load<std::uint16_t>(element);
    case DataType::kUint32: return load<std::uint32_t>(element);
    case DataType::kUint64: return static_cast<double>(load<std::uint64_t>(element));
    case DataType::kInt8: return load<std::int8_t>(element);
    case DataType::kInt16: return load<std::int16_t>(element);
    case DataType::kInt32: return load<std::int32_t>(element);
    case DataType::kInt64: return static_cast<double>(load<std::int64_t>(element));
    case DataType::kFp16: return from_half(load<std::uint16_t>(element));
    case DataType::kBf16: return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(element)} << 16);
    case DataType::kFp32: return load<float>(element);
    case DataType::kFp64: return load<double>(element);
    case DataType::kBytes: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace modelyard::inference
