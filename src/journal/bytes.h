// Numbers as they lie in the files of a journal: little-endian, without padding. Private to this room.
#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>

namespace modelyard::journal {

static_assert(std::endian::native == std::endian::little, "files are written as numbers lie in memory");

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
// Over what stands there.
template <typename T>
void put_at(std::string& out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}
// Pre: the bytes are there.
template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace modelyard::journal
