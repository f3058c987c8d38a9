// WindowedEvidence is the evidence of a rollout, and beside it what the windows of its gates hold (`over 10m`).
//
// Window:  what was counted in the last so long: between the half and the whole of it. It moves by half its length.
// Alpha:   a window that has moved asks anew. The k-th one, from 1, has 1/(k(k + 1)) of the gate's alpha, so that all
//          together have no more than the gate, however long the rollout takes.
// Values:  that callers post are of the window in which they are posted.
// Units:   of the split are counted in all() alone.
// Errors:  InvalidArgument naming the field (parse); those of merge().
// Threads: a value.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"

namespace modelyard::rollout {

// What a gate is judged by.
struct GateEvidence {
  const Evidence* evidence = nullptr;
  double of_alpha = 1;  // above 0, at most 1
};

class WindowedEvidence {
 public:
  static constexpr std::size_t kMostWindows = 4;  // each is written at every look

  explicit WindowedEvidence(Evidence all = {}) : all_(std::move(all)) {}

  const Evidence& all() const { return all_; }
  Evidence& all() { return all_; }

  // Has the windows that the gates name, as they are at `now`; they are counted from `begin`.
  void move_to(std::span<const Gate> gates, UtcTime begin, UtcTime now);
  // In every window, too. After an error it is of no use.
  Status add(const Evidence& counted);
  // Of a gate that move_to() was told; valid until the next change.
  GateEvidence of(const Gate& gate) const;

  // [{"seconds", "half", "moves", "evidence", "newer"}]
  Json windows_json() const;
  Status parse_windows(const Json& value, const std::string& path);

 private:
  struct Window {
    std::chrono::seconds length{0};
    std::int64_t half = 0;   // of its length since `begin`, by the clock
    std::int64_t moves = 0;  // how often it has gone on to another one; a clock that goes back moves it, too
    Evidence evidence;
    Evidence newer;  // the part of it that stays when the window moves next
  };
  static Result<Window> parse_window(const Json& value, const std::string& path);

  Evidence all_;
  std::vector<Window> windows_;
};

}  // namespace modelyard::rollout
