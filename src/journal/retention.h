// What is to be deleted of the journal: the oldest first, until age and size are within their bounds.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace modelyard::journal {

struct Bounds {
  std::uint64_t most_bytes = 0;   // 0: no bound
  std::chrono::days most_age{0};  // of the newest record of a segment; 0: no bound
};

// How an endpoint's records are kept, within what is kept of all.
struct Keeping {
  Bounds bounds;
  bool hold = false;  // nothing is deleted
};

// A sealed segment, as far as the decision needs to know it.
struct Candidate {
  std::string endpoint;
  std::int64_t last_time = 0;  // microseconds
  std::uint64_t bytes = 0;
};

struct Retention {
  Bounds all;                                                    // of all endpoints together
  std::map<std::string, Keeping, std::less<>> own;               // by endpoint; others have no bounds of their own
  std::map<std::string, std::uint64_t, std::less<>> open_bytes;  // of segments that grow: they count, and stay
};

struct Deletion {
  std::size_t candidate = 0;  // its place in the list
  std::string reason;         // for people
};

// First what an endpoint keeps beyond its own bounds, then what all keep beyond theirs. What is on hold
// stays, and does not count for the others.
std::vector<Deletion> deletions_due(const std::vector<Candidate>& candidates, const Retention& retention, UtcTime now);

}  // namespace modelyard::journal
