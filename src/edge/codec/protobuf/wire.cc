#include "edge/codec/protobuf/wire.h"

namespace modelyard::edge {

static_assert(std::endian::native == std::endian::little, "fixed numbers are copied as they are");

bool WireReader::varint(std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) return fail();
    const auto byte = static_cast<std::uint8_t>(*at_++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
    if (shift == 63) break;
  }
  return fail();
}

bool WireReader::next_varint(std::uint64_t& value) {
  return at_ != end_ && varint(value);
}

bool WireReader::fixed(std::size_t size) {
  if (static_cast<std::size_t>(end_ - at_) < size) return fail();
  number_ = 0;
  std::memcpy(&number_, at_, size);
  at_ += size;
  return true;
}

bool WireReader::tag() {
  std::uint64_t value = 0;
  if (!varint(value)) return false;
  const std::uint64_t field = value >> 3;
  if (field == 0 || field > 0x1fffffff || (value & 7) > 5) return fail();
  field_ = static_cast<std::uint32_t>(field);
  type_ = static_cast<WireType>(value & 7);
  return true;
}

bool WireReader::payload() {
  switch (type_) {
    case WireType::kVarint: return varint(number_);
    case WireType::kFixed64: return fixed(8);
    case WireType::kFixed32: return fixed(4);
    case WireType::kBytes: {
      std::uint64_t size = 0;
      if (!varint(size)) return false;
      if (size > static_cast<std::uint64_t>(end_ - at_)) return fail();
      bytes_ = {at_, static_cast<std::size_t>(size)};
      at_ += size;
      return true;
    }
    case WireType::kGroup:
    case WireType::kGroupEnd: break;
  }
  return fail();
}

bool WireReader::skip_group() {
  std::uint32_t open[kMaxGroups];
  int depth = 0;
  open[depth++] = field_;
  while (depth > 0) {
    if (at_ == end_ || !tag()) return fail();
    if (type_ == WireType::kGroup) {
      if (depth == kMaxGroups) return fail();
      open[depth++] = field_;
    } else if (type_ == WireType::kGroupEnd) {
      if (open[--depth] != field_) return fail();
    } else if (!payload()) {
      return false;
    }
  }
  return true;
}

bool WireReader::next() {
  while (at_ != end_) {
    if (!tag()) return false;
    if (type_ != WireType::kGroup) return payload();
    if (!skip_group()) return false;
  }
  return false;
}

std::size_t varint_size(std::uint64_t value) {
  return static_cast<std::size_t>(std::bit_width(value | 1) + 6) / 7;
}

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void append_tag(std::string& out, std::uint32_t field, WireType type) {
  append_varint(out, static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
}

void append_number(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_tag(out, field, WireType::kVarint);
  append_varint(out, value);
}

void append_fixed32(std::string& out, std::uint32_t field, std::uint32_t value) {
  append_tag(out, field, WireType::kFixed32);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_fixed64(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_tag(out, field, WireType::kFixed64);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_bytes(std::string& out, std::uint32_t field, std::string_view value) {
  append_tag(out, field, WireType::kBytes);
  append_varint(out, value.size());
  out += value;
}

}  // namespace modelyard::edge
