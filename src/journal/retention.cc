#include "journal/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace modelyard::journal {
namespace {

std::string age_reason(const Bounds& bounds) {
  return fmt::format("older than {} days", bounds.most_age.count());
}

class Planner {
 public:
  Planner(const std::vector<Candidate>& candidates, const Retention& retention, UtcTime now)
      : candidates_(candidates), retention_(retention), now_(now), oldest_first_(candidates.size()) {
    std::iota(oldest_first_.begin(), oldest_first_.end(), std::size_t{0});
    std::ranges::sort(oldest_first_, {}, [&](std::size_t i) { return std::pair(candidates_[i].last_time, i); });
    for (const auto& [endpoint, bytes] : retention.open_bytes) count(endpoint, bytes);
    for (const Candidate& candidate : candidates) count(candidate.endpoint, candidate.bytes);
  }

  std::vector<Deletion> plan() {
    for (const std::size_t i : oldest_first_) {
      const Candidate& candidate = candidates_[i];
      const Keeping keeping = keeping_of(candidate.endpoint);
      if (keeping.hold) continue;
      const std::uint64_t own_bytes = bytes_of_[candidate.endpoint];
      if (is_too_old(candidate, keeping.bounds)) {
        drop(i, age_reason(keeping.bounds));
      } else if (is_too_old(candidate, retention_.all)) {
        drop(i, age_reason(retention_.all));
      } else if (keeping.bounds.most_bytes > 0 && own_bytes > keeping.bounds.most_bytes) {
        drop(i, fmt::format("the endpoint had more than {} bytes", keeping.bounds.most_bytes));
      } else {
        kept_.push_back(i);
      }
    }
    for (const std::size_t i : kept_) {
      if (retention_.all.most_bytes == 0 || bytes_ <= retention_.all.most_bytes) break;
      drop(i, fmt::format("the journal had more than {} bytes", retention_.all.most_bytes));
    }
    return std::move(due_);
  }

 private:
  void count(const std::string& endpoint, std::uint64_t bytes) {
    if (!keeping_of(endpoint).hold) bytes_ += bytes;
    bytes_of_[endpoint] += bytes;
  }
  void drop(std::size_t i, std::string reason) {
    bytes_ -= candidates_[i].bytes;
    bytes_of_[candidates_[i].endpoint] -= candidates_[i].bytes;
    due_.push_back({i, std::move(reason)});
  }
  Keeping keeping_of(const std::string& endpoint) const {
    const auto own = retention_.own.find(endpoint);
    return own == retention_.own.end() ? Keeping() : own->second;
  }
  bool is_too_old(const Candidate& candidate, const Bounds& bounds) const {
    return bounds.most_age.count() > 0 && utc_from_micros(candidate.last_time) < now_ - bounds.most_age;
  }

  const std::vector<Candidate>& candidates_;
  const Retention& retention_;
  const UtcTime now_;
  std::vector<std::size_t> oldest_first_;
  std::vector<std::size_t> kept_;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::uint64_t> bytes_of_;
  std::vector<Deletion> due_;
};

}  // namespace

std::vector<Deletion> deletions_due(const std::vector<Candidate>& candidates, const Retention& retention, UtcTime now) {
  return Planner(candidates, retention, now).plan();
}

}  // namespace modelyard::journal
