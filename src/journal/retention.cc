#include "journal/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace modelyard::journal {

std::vector<Deletion> deletions_due(const std::vector<Candidate>& candidates, std::uint64_t other_bytes,
                                    const Bounds& bounds, UtcTime now) {
  std::vector<std::size_t> oldest_first(candidates.size());
  std::iota(oldest_first.begin(), oldest_first.end(), std::size_t{0});
  std::ranges::stable_sort(oldest_first, {}, [&](std::size_t i) { return candidates[i].last_time; });
  std::uint64_t bytes = other_bytes;
  for (const Candidate& candidate : candidates) bytes += candidate.bytes;

  std::vector<Deletion> due;
  for (const std::size_t i : oldest_first) {
    const bool too_old =
        bounds.most_age.count() > 0 && utc_from_micros(candidates[i].last_time) < now - bounds.most_age;
    const bool too_much = bounds.most_bytes > 0 && bytes > bounds.most_bytes;
    if (!too_old && !too_much) break;
    due.push_back({i, too_old ? fmt::format("older than {} days", bounds.most_age / std::chrono::days(1))
                              : fmt::format("the journal had more than {} bytes", bounds.most_bytes)});
    bytes -= candidates[i].bytes;
  }
  return due;
}

}  // namespace modelyard::journal
