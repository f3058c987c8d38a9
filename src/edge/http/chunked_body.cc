#include "edge/http/chunked_body.h"

#include <algorithm>

namespace modelyard::edge {
namespace {

constexpr std::uint32_t kMostExtensionBytes = 256;
constexpr std::uint32_t kMostTrailerBytes = 4096;
constexpr int kMostDigits = 16;

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

Error malformed(std::string_view what) {
  return error(Code::kInvalidArgument, "malformed chunked body: {}", what);
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && !done()) {
    if (state_ == State::kData) {
      const auto count = std::min<std::uint64_t>(left_, input.size() - step.consumed);
      step.data = input.substr(step.consumed, count);
      step.consumed += count;
      left_ -= count;
      if (left_ == 0) state_ = State::kDataReturn;
      return step;
    }
    MODELYARD_TRY(take(input[step.consumed]));
    ++step.consumed;
  }
  return step;
}

Status ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::kSize: return take_size(c);
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLineFeed;
        return ok();
      }
      if (c == '\n' || ++line_bytes_ > kMostExtensionBytes) return malformed("chunk extension");
      return ok();
    case State::kSizeLineFeed: return c == '\n' ? end_size_line() : Status(malformed("chunk size line"));
    case State::kDataReturn:
      state_ = State::kDataLineFeed;
      return c == '\r' ? ok() : Status(malformed("chunk is longer than its size"));
    case State::kDataLineFeed:
      state_ = State::kSize;
      digits_ = 0;
      return c == '\n' ? ok() : Status(malformed("chunk end"));
    case State::kTrailer: return take_trailer(c);
    case State::kData:
    case State::kDone: break;
  }
  return ok();
}

Status ChunkedDecoder::take_size(char c) {
  const int value = hex_value(c);
  if (value >= 0) {
    if (++digits_ > kMostDigits) return malformed("chunk size");
    left_ = (left_ << 4) + static_cast<std::uint64_t>(value);
    return ok();
  }
  if (digits_ == 0) return malformed("chunk size");
  if (c == '\r') {
    state_ = State::kSizeLineFeed;
  } else if (c == ';') {
    state_ = State::kExtension;
    line_bytes_ = 0;
  } else {
    return malformed("chunk size");
  }
  return ok();
}

Status ChunkedDecoder::end_size_line() {
  state_ = left_ > 0 ? State::kData : State::kTrailer;
  line_bytes_ = 0;
  return ok();
}

Status ChunkedDecoder::take_trailer(char c) {
  if (++line_bytes_ > kMostTrailerBytes) return malformed("trailer is too long");
  const char before = previous_;
  previous_ = c;
  if (before == '\r' && c != '\n') return malformed("trailer line");
  if (c == '\r') return ok();
  if (c != '\n') {
    line_empty_ = false;
    return ok();
  }
  if (before != '\r') return malformed("trailer line");
  if (line_empty_) state_ = State::kDone;
  line_empty_ = true;
  return ok();
}

}  // namespace modelyard::edge
