#include "edge/codec/protobuf/typed_elements.h"

#include <limits>

namespace modelyard::edge {

using inference::DataType;

Error TypedElements::wrong_wire_type() const {
  return error(Code::kInvalidArgument, "the contents of a {} tensor are malformed", inference::data_type_name(type_));
}

Status TypedElements::add(const WireReader& reader) {
  if (type_ == DataType::kBytes) {
    if (reader.type() != WireType::kBytes) return wrong_wire_type();
    const auto length = static_cast<std::uint32_t>(reader.bytes().size());
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length).append(reader.bytes());
    ++count_;
    return ok();
  }
  if (type_ == DataType::kFp32 || type_ == DataType::kFp64) return add_fixed(reader);
  if (reader.type() == WireType::kVarint) return put(reader.number());
  if (reader.type() != WireType::kBytes) return wrong_wire_type();
  WireReader packed(reader.bytes());
  std::uint64_t value = 0;
  while (packed.next_varint(value)) MODELYARD_TRY(put(value));
  return packed.malformed() ? Status(wrong_wire_type()) : ok();
}

Status TypedElements::add_fixed(const WireReader& reader) {
  const std::size_t width = inference::element_bytes(type_);
  if (reader.type() == WireType::kBytes) {
    if (reader.bytes().size() % width != 0) return wrong_wire_type();
    bytes_ += reader.bytes();
    count_ += reader.bytes().size() / width;
    return ok();
  }
  if (reader.type() != (width == 4 ? WireType::kFixed32 : WireType::kFixed64)) return wrong_wire_type();
  const std::uint64_t value = reader.number();
  bytes_.append(reinterpret_cast<const char*>(&value), width);
  ++count_;
  return ok();
}

template <typename Small, typename Wide>
Status TypedElements::narrow(Wide value) {
  if (value < std::numeric_limits<Small>::min() || value > std::numeric_limits<Small>::max()) {
    return error(Code::kInvalidArgument, "{} is outside the datatype {}", value, inference::data_type_name(type_));
  }
  const auto small = static_cast<Small>(value);
  bytes_.append(reinterpret_cast<const char*>(&small), sizeof small);
  ++count_;
  return ok();
}

Status TypedElements::put(std::uint64_t value) {
  switch (type_) {
    case DataType::kBool: return narrow<std::uint8_t>(std::uint64_t{value != 0});
    case DataType::kInt8: return narrow<std::int8_t>(static_cast<std::int32_t>(value));
    case DataType::kInt16: return narrow<std::int16_t>(static_cast<std::int32_t>(value));
    case DataType::kInt32: return narrow<std::int32_t>(static_cast<std::int32_t>(value));
    case DataType::kUint8: return narrow<std::uint8_t>(static_cast<std::uint32_t>(value));
    case DataType::kFp16:  // by their bits
    case DataType::kBf16:
    case DataType::kUint16: return narrow<std::uint16_t>(static_cast<std::uint32_t>(value));
    case DataType::kUint32: return narrow<std::uint32_t>(static_cast<std::uint32_t>(value));
    case DataType::kInt64: return narrow<std::int64_t>(static_cast<std::int64_t>(value));
    default: return narrow<std::uint64_t>(value);
  }
}

Status TypedElements::fill_up(std::size_t count, std::size_t most_bytes) {
  const std::size_t width = inference::element_bytes(type_);
  if (count > most_bytes / width) {
    return error(Code::kInvalidArgument, "{} elements are claimed and {} given; send them all", count, count_);
  }
  const std::string last = bytes_.substr(bytes_.size() - width);
  bytes_.reserve(count * width);
  for (; count_ < count; ++count_) bytes_ += last;
  return ok();
}

inference::Buffer TypedElements::take() const {
  auto buffer = inference::Buffer::allocate(bytes_.size());
  if (!bytes_.empty()) std::memcpy(buffer.bytes().data(), bytes_.data(), bytes_.size());
  return buffer;
}

}  // namespace modelyard::edge
