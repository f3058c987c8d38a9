// Decodes a chunked request body (RFC 9112 §7.1), a piece at a time.
//
// Strict: CRLF ends lines, sizes are 1 to 16 hexadecimal digits. Chunk extensions and trailers are read
// within limits and dropped. Errors: InvalidArgument for a malformed body.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace modelyard::edge {

class ChunkedDecoder {
 public:
  // What one step found: `data` is a part of the body within the input; `consumed` bytes of the input are
  // done with. A step that consumes nothing and is not done needs more input.
  struct Step {
    std::size_t consumed = 0;
    std::string_view data;
  };

  Result<Step> next(std::string_view input);
  bool done() const { return state_ == State::kDone; }
  // Announced by the chunk under way, and not there yet.
  std::uint64_t announced() const { return state_ == State::kData ? left_ : 0; }
  void reset() { *this = ChunkedDecoder(); }

 private:
  enum class State { kSize, kExtension, kSizeLineFeed, kData, kDataReturn, kDataLineFeed, kTrailer, kDone };

  Status take(char c);
  Status take_size(char c);
  Status take_trailer(char c);
  Status end_size_line();

  State state_ = State::kSize;
  std::uint64_t left_ = 0;  // bytes of the chunk still to come
  int digits_ = 0;
  std::uint32_t line_bytes_ = 0;  // of extensions and trailers
  char previous_ = '\n';          // within the trailer; it begins at a line's start
  bool line_empty_ = true;
};

}  // namespace modelyard::edge
