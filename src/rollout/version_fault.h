// Which failures say something of a version: not those that its caller made, or did not wait for. Inputs that fit and
// that the engine fails on do: another version may well answer them.
//
// Threads: pure.
#pragma once

#include "base/result.h"

namespace modelyard::rollout {

// `ran`: the engine was asked.
constexpr bool is_versions_fault(Code code, bool ran) {
  switch (code) {
    case Code::kInvalidArgument: return ran;  // the engine said so, not we
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kUnimplemented: return true;
    default: return false;
  }
}

}  // namespace modelyard::rollout
