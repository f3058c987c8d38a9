// Which failures say something of a version: not those that its caller made, or did not wait for.
//
// Threads: pure.
#pragma once

#include "base/result.h"

namespace modelyard::control {

constexpr bool is_versions_fault(Code code) {
  switch (code) {
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kUnimplemented: return true;
    default: return false;
  }
}

}  // namespace modelyard::control
