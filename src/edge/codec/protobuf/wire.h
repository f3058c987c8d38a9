// WireReader and WireWriter read and write the protobuf wire format over views: no message objects, no copies of bytes.
//
// Source:    the Protocol Buffers encoding, version 3. Fields may come in any order and more than once; numbers may be
//            packed or not; what is not known is skipped, groups too.
// Ownership: views point into the bytes that were given.
// Limits:    groups nest at most kMaxGroups deep.
// Errors:    a reader that met malformed bytes ends, and says so in malformed().
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace modelyard::edge {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

class WireReader {
 public:
  static constexpr int kMaxGroups = 32;

  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Goes to the next field; false at the end, or when the bytes are malformed.
  bool next();
  std::uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  bool is(std::uint32_t field, WireType type) const { return field_ == field && type_ == type; }
  std::uint64_t number() const { return number_; }   // kVarint, kFixed32, kFixed64
  std::string_view bytes() const { return bytes_; }  // kBytes
  bool malformed() const { return malformed_; }

  // Of packed numbers, one at a time. False at the end, or when the bytes are malformed.
  bool next_varint(std::uint64_t& value);

 private:
  bool fail() {
    malformed_ = true;
    at_ = end_;
    return false;
  }
  bool varint(std::uint64_t& value);
  bool fixed(std::size_t size);
  bool skip_group();
  bool tag();
  bool payload();

  const char* at_;
  const char* end_;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool malformed_ = false;
};

std::size_t varint_size(std::uint64_t value);
void append_varint(std::string& out, std::uint64_t value);
void append_tag(std::string& out, std::uint32_t field, WireType type);
// Fields; zero and empty values are written, too.
void append_number(std::string& out, std::uint32_t field, std::uint64_t value);
void append_fixed32(std::string& out, std::uint32_t field, std::uint32_t value);
void append_fixed64(std::string& out, std::uint32_t field, std::uint64_t value);
void append_bytes(std::string& out, std::uint32_t field, std::string_view value);

}  // namespace modelyard::edge
