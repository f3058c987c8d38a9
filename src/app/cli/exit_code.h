// Exit codes of every command; documented in docs/guides/command-line.md and stable.
#pragma once

#include "base/result.h"

namespace modelyard::app {

enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFoundExit = 3,
  kConflictExit = 4,  // or refused by a gate
  kUnreachable = 5,
  kDenied = 6,
  kTimedOut = 7,
};

constexpr int exit_code_of(Code code) {
  switch (code) {
    case Code::kNotFound: return kNotFoundExit;
    case Code::kConflict:
    case Code::kFailedPrecondition: return kConflictExit;
    case Code::kUnavailable: return kUnreachable;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated: return kDenied;
    case Code::kDeadlineExceeded: return kTimedOut;
    default: return kFailed;
  }
}

}  // namespace modelyard::app
