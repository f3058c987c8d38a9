// JsonScanner reads JSON (RFC 8259) as a pull parser: the caller asks for what it expects next. No tree, no
// recursion, no allocation but for strings with escapes. Bare NaN, Infinity and -Infinity are numbers, as the
// inference protocols write them.
//
// Limits:    depth kMaxDepth. Ownership: views point into the text, or into the scratch that was given.
// Errors:    InvalidArgument with the offset. After an error the scanner is of no use.
// Why not a library: the usual fast ones refuse bare NaN, and parse to double, which rounds FP32 twice.
#pragma once

#include <fast_float/fast_float.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::edge {

enum class JsonKind { kObject, kArray, kString, kNumber, kBool, kNull, kEnd };

class JsonScanner {
 public:
  static constexpr int kMaxDepth = 100;

  explicit JsonScanner(std::string_view text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // What comes next; kEnd also for text that begins no value.
  JsonKind peek();

  Status begin_object();
  // The next key of the object, with its colon; nullopt at the object's end, which is consumed.
  Result<std::optional<std::string_view>> next_key(std::string& scratch);
  Status begin_array();
  // Whether another element follows; false at the array's end, which is consumed.
  Result<bool> next_element();

  // Valid UTF-8. `scratch` holds the text when it has escapes.
  Result<std::string_view> string(std::string& scratch);
  Result<bool> boolean();
  // The characters of the number, checked against the grammar; NaN and infinities as they are.
  Result<std::string_view> number();
  Result<std::int64_t> integer();
  // Behind an element of an array: takes the numbers that follow, each with its comma, and hands them to `put`, `most`
  // at most. How many. Ends before whatever is not a plain number; the calls above say what that is. Several times as
  // fast as they are.
  template <typename Float, typename Put>
  std::size_t take_floats(std::size_t most, Put put) {
    std::size_t taken = 0;
    for (; taken < most; ++taken) {
      const char* at = skip_space(at_);
      if (at == end_ || *at != ',') break;
      at = skip_space(at + 1);
      Float value = 0;
      const auto [stop, failure] = fast_float::from_chars(at, end_, value);
      if (failure != std::errc{} || !is_plain_number(at, stop) || stop == end_) break;
      put(value);
      at_ = stop;
    }
    return taken;
  }
  Status skip_value();
  // Nothing but white space may follow.
  Status finish();

  Error wrong(std::string_view problem) const;
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view rest() const { return {at_, end_}; }
  // From an offset of before to here.
  std::string_view text_since(std::size_t offset) const { return {begin_ + offset, at_}; }

 private:
  const char* skip_space(const char* at) const {
    while (at < end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
  }
  void skip_space() { at_ = skip_space(at_); }
  // Of what fast_float takes for a number, whether JSON does, and ends where one may end.
  static bool is_plain_number(const char* first, const char* last);
  bool take(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word);
  Status open(char bracket, std::string_view expected);
  Result<bool> another(char closing);
  Result<std::string_view> string_with_escapes(const char* first, std::string& scratch);
  Status escape(std::string& scratch);
  Result<std::uint32_t> hex4();
  Status skip_scalar();

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_ = 0;
  std::array<bool, kMaxDepth> first_{};  // nothing was read in the array or object of that depth yet
};

}  // namespace modelyard::edge
