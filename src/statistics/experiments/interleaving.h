// Two rankers in one list (team-draft interleaving): each reader compares them, which takes far fewer readers than two
// arms do.
//
// Draft:   in each round both rankers pick their best item that is not taken yet, in an order that a coin gives; the
//          list is as long as asked for, or until both have no items.
// Credit:  a reader prefers the ranker whose items got more clicks; equal numbers are a tie.
// Verdict: Δ = (wins of a + ½·ties)/readers − ½, and an exact sign test of the readers without ties.
// Threads: pure, but for `random`.
// Source:  Radlinski, Kurup & Joachims, CIKM 2008; Chapelle, Joachims, Radlinski & Yue, TOIS 2012.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace modelyard::statistics {

enum class Team { kA, kB };

struct DraftedItem {
  std::int64_t item = 0;
  Team team = Team::kA;
};

// Items are the best first, each at most once in a ranking.
std::vector<DraftedItem> team_draft(std::span<const std::int64_t> a, std::span<const std::int64_t> b,
                                    std::size_t length, Random& random);

struct Preferences {
  std::uint64_t a = 0, b = 0, ties = 0;  // readers

  void add(std::uint64_t clicks_of_a, std::uint64_t clicks_of_b) {
    ++(clicks_of_a > clicks_of_b ? a : clicks_of_b > clicks_of_a ? b : ties);
  }
};

struct Interleaving {
  double difference = 0;  // Δ: positive when a is preferred
  double p = 1;           // two-sided
};

// InvalidArgument without readers.
Result<Interleaving> interleaving_test(const Preferences& preferences);

}  // namespace modelyard::statistics
