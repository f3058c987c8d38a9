// HttpDate writes the time as HTTP wants it (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
//
// Threads: one; the text is made anew only when the second has changed.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace modelyard::edge {

class HttpDate {
 public:
  // Valid until the next call.
  std::string_view at(UtcTime time);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

}  // namespace modelyard::edge
