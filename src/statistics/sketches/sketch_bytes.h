// The bytes of sketches: SketchWriter appends, SketchReader takes apart what a stranger may have written.
//
// Form:   one byte of kind, one of version, then little-endian fields without padding (docs/formats/sketches.md).
// Errors: InvalidArgument with the sketch's name: another kind, a newer version, too short, something behind the end.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::statistics {

static_assert(std::endian::native == std::endian::little, "sketches are written as they lie in memory");

enum class SketchKind : std::uint8_t {
  kMoments = 1,
  kQuantiles = 2,
  kDistinct = 3,
  kFrequent = 4,
  kHistogram = 5,
};

template <typename T>
concept Field = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t> ||
                std::same_as<T, double>;

class SketchWriter {
 public:
  SketchWriter(SketchKind kind, std::uint8_t version) {
    put(static_cast<std::uint8_t>(kind));
    put(version);
  }
  template <Field T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  std::string finish() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class SketchReader {
 public:
  static Result<SketchReader> open(std::string_view bytes, std::string_view name, SketchKind kind,
                                   std::uint8_t version);

  template <Field T>
  Result<T> take() {
    if (bytes_.size() < sizeof(T)) return damaged("it is too short");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  // A number of entries of at least `entry_bytes` each that may follow.
  Result<std::size_t> take_count(std::size_t entry_bytes);
  Result<std::string_view> take_text();
  Status finish() const;
  Error damaged(std::string_view why) const;

 private:
  SketchReader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::string_view bytes_;
  std::string_view name_;
};

}  // namespace modelyard::statistics
