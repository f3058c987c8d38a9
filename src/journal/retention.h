// What is to be deleted of the journal: the oldest first, until age and size are within their bounds.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace modelyard::journal {

struct Bounds {
  std::uint64_t most_bytes = 0;           // of all endpoints; 0: no bound
  std::chrono::microseconds most_age{0};  // of the newest record of a segment; 0: no bound
};

// A sealed segment, as far as the decision needs to know it.
struct Candidate {
  std::string endpoint;
  std::string file;
  std::int64_t last_time = 0;  // microseconds
  std::uint64_t bytes = 0;
};

struct Deletion {
  std::size_t candidate = 0;  // its place in the list
  std::string reason;         // for people
};

// `other_bytes` are of segments that are still open: they count, but stay.
std::vector<Deletion> deletions_due(const std::vector<Candidate>& candidates, std::uint64_t other_bytes,
                                    const Bounds& bounds, UtcTime now);

}  // namespace modelyard::journal
