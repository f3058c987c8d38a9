// Reads the head of an HTTP/1 request (RFC 9112): request line and header lines, in place.
//
// Strict, because two readers of one request must never disagree where it ends: no bare LF, no folded lines,
// no space before a colon, one Content-Length or one `Transfer-Encoding: chunked` and never both, one Host.
// Limits:    HeadLimits. Ownership: the views point into the buffer that was read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "edge/http/message.h"

namespace modelyard::edge {

struct HeadLimits {
  std::size_t max_target_bytes = 8192;
  std::size_t max_header_bytes = 16384;
  std::size_t max_headers = 100;
};

struct RequestHead {
  Method method = Method::kOther;
  std::string_view target;
  int minor_version = 1;
  std::vector<HeaderLine> headers;  // reused from request to request
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct HeadOutcome {
  enum class Kind { kNeedMore, kDone, kBad } kind = Kind::kNeedMore;
  std::size_t consumed = 0;  // kDone: bytes of the head
  int status = 0;            // kBad: the answer's status
  std::string_view problem;  // kBad: a literal
};

// Reads from the start of `buffer`. `scanned` carries over how far the end was looked for; begin with 0.
HeadOutcome read_request_head(std::string_view buffer, const HeadLimits& limits, std::size_t& scanned,
                              RequestHead& head);

}  // namespace modelyard::edge
