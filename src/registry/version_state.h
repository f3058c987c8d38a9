// The states of a version in the registry, and which may follow which.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace modelyard::registry {

enum class VersionState {
  kPublished,  // can be deployed
  kDeleted,    // hidden, restorable
  kPurged,     // gone; the number is never used again
};

inline constexpr std::array kVersionStates{VersionState::kPublished, VersionState::kDeleted, VersionState::kPurged};

constexpr std::string_view version_state_name(VersionState state) {
  switch (state) {
    case VersionState::kPublished: return "published";
    case VersionState::kDeleted: return "deleted";
    case VersionState::kPurged: return "purged";
  }
  return "";
}

constexpr std::optional<VersionState> parse_version_state(std::string_view name) {
  for (const VersionState state : kVersionStates) {
    if (version_state_name(state) == name) return state;
  }
  return std::nullopt;
}

struct VersionTransition {
  VersionState from;
  VersionState to;
};
inline constexpr std::array kVersionTransitions{
    VersionTransition{VersionState::kPublished, VersionState::kDeleted},
    VersionTransition{VersionState::kPublished, VersionState::kPurged},
    VersionTransition{VersionState::kDeleted, VersionState::kPublished},
    VersionTransition{VersionState::kDeleted, VersionState::kPurged},
};

constexpr bool may_follow(VersionState from, VersionState to) {
  for (const VersionTransition& transition : kVersionTransitions) {
    if (transition.from == from && transition.to == to) return true;
  }
  return false;
}

}  // namespace modelyard::registry
