// Who asks for a change, and what they expect to change.
#pragma once

#include <optional>
#include <string>

#include "registry/catalog.h"

namespace modelyard::control {

struct Actor {
  std::string name;  // "anonymous@127.0.0.1"; a verified identity once there is one
};

// Optimistic concurrency: the revision that the caller has seen; nullopt does not ask.
using Expected = std::optional<registry::Revision>;

// Conflict when the present revision is another one.
inline Status check_expected(registry::Revision present, const Expected& expected, std::string_view object) {
  if (!expected || *expected == present) return ok();
  return error(Code::kConflict, "{} changed since it was read: its revision is {}, not {}; read it again", object,
               present, *expected);
}

}  // namespace modelyard::control
