// The phases of a version on this server, and which may follow which.
#pragma once

#include <array>
#include <string_view>

namespace modelyard::lifecycle {

enum class VersionPhase {
  kWaiting,   // wanted; its turn to load has not come
  kFetching,  // files are verified
  kLoading,   // the engine reads them
  kChecking,  // golden samples are reproduced
  kWarming,   // first runs, which also measure its cost
  kReady,
  kFailed,     // a load failed; waits for its next try
  kUnloading,  // out of the table; loops and workers let go of it
  kGone,
};

inline constexpr int kVersionPhases = 9;

constexpr std::string_view phase_name(VersionPhase phase) {
  constexpr std::array<std::string_view, kVersionPhases> kNames{
      "waiting", "fetching", "loading", "checking", "warming", "ready", "failed", "unloading", "gone"};
  return kNames[static_cast<std::size_t>(phase)];
}

struct PhaseEdge {
  VersionPhase from;
  VersionPhase to;
};

inline constexpr std::array kPhaseEdges{
    PhaseEdge{VersionPhase::kWaiting, VersionPhase::kFetching},
    PhaseEdge{VersionPhase::kWaiting, VersionPhase::kGone},
    PhaseEdge{VersionPhase::kFetching, VersionPhase::kLoading},
    PhaseEdge{VersionPhase::kFetching, VersionPhase::kFailed},
    PhaseEdge{VersionPhase::kLoading, VersionPhase::kChecking},
    PhaseEdge{VersionPhase::kLoading, VersionPhase::kFailed},
    PhaseEdge{VersionPhase::kChecking, VersionPhase::kWarming},
    PhaseEdge{VersionPhase::kChecking, VersionPhase::kFailed},
    PhaseEdge{VersionPhase::kWarming, VersionPhase::kReady},
    PhaseEdge{VersionPhase::kWarming, VersionPhase::kFailed},
    PhaseEdge{VersionPhase::kReady, VersionPhase::kUnloading},
    PhaseEdge{VersionPhase::kFailed, VersionPhase::kFetching},
    PhaseEdge{VersionPhase::kFailed, VersionPhase::kGone},
    PhaseEdge{VersionPhase::kUnloading, VersionPhase::kGone},
};

constexpr bool may_follow(VersionPhase from, VersionPhase to) {
  for (const PhaseEdge& edge : kPhaseEdges) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

// A load is under way.
constexpr bool is_loading(VersionPhase phase) {
  return phase >= VersionPhase::kFetching && phase <= VersionPhase::kWarming;
}

}  // namespace modelyard::lifecycle
