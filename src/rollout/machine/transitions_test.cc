#include "rollout/machine/transitions.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace modelyard::rollout {
namespace {

// For each event, the phases in which it may come; written out once more, so that a slip in the table shows.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> kAllowed{
      {"admit", {"pending"}},
      {"forward", {"verifying", "shadow", "canary", "experiment", "bandit"}},
      {"ask", {"shadow", "canary", "experiment", "bandit"}},
      {"hold", {"shadow", "canary", "experiment", "bandit"}},
      {"back_out", {"pending", "verifying", "shadow", "canary", "experiment", "bandit", "paused", "holding", "full"}},
      {"in_force", {"aborting"}},
      {"cooled", {"cooling"}},
      {"settle", {"full"}},
      {"promote", {"shadow", "canary", "experiment", "bandit", "paused", "holding"}},
      {"pause", {"pending", "verifying", "shadow", "canary", "experiment", "bandit"}},
      {"resume", {"paused", "holding"}},
      {"abort", {"pending", "verifying", "shadow", "canary", "experiment", "bandit", "paused", "holding", "full"}},
      {"supersede",
       {"pending", "verifying", "shadow", "canary", "experiment", "bandit", "paused", "holding", "full", "cooling"}}};
  return kAllowed;
}

TEST(Transitions, AllowEveryEventWhereItBelongsAndNowhereElse) {
  for (const Phase phase : kPhases) {
    for (const Event event : kEvents) {
      const bool wanted = allowed().at(std::string(event_name(event))).contains(std::string(phase_name(phase)));
      EXPECT_EQ(is_allowed(phase, event), wanted) << phase_name(phase) << " " << event_name(event);
    }
  }
}

TEST(Transitions, LeadNowhereFromTerminalPhases) {
  for (const Phase phase : {Phase::kDone, Phase::kEnded}) {
    for (const Event event : kEvents) EXPECT_FALSE(is_allowed(phase, event)) << event_name(event);
  }
}

TEST(Transitions, LeadFromABackOutOnlyToTheEnd) {
  for (const Event event : kEvents) {
    for (const Phase to : kPhases) {
      EXPECT_TRUE(!is_legal(Phase::kAborting, event, to) || to == Phase::kCooling) << phase_name(to);
      EXPECT_TRUE(!is_legal(Phase::kCooling, event, to) || to == Phase::kEnded) << phase_name(to);
    }
  }
}

TEST(Transitions, ReachFullOnlyBehindVerifying) {
  for (const Event event : kEvents) EXPECT_FALSE(is_legal(Phase::kPending, event, Phase::kFull)) << event_name(event);
}

TEST(Transitions, NameEveryPhaseOnce) {
  std::set<std::string_view> names;
  for (const Phase phase : kPhases) {
    EXPECT_EQ(parse_phase(phase_name(phase)), phase);
    names.insert(phase_name(phase));
  }
  EXPECT_EQ(names.size(), kPhases.size());
  EXPECT_FALSE(parse_phase("half"));
}

}  // namespace
}  // namespace modelyard::rollout
