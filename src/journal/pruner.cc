#include "journal/pruner.h"

namespace modelyard::journal {
namespace {

constexpr std::chrono::minutes kPruneInterval{1};

Json proof_of(const SegmentInfo& segment, const std::string& endpoint, const std::string& reason, UtcTime now) {
  return {{"time", format_utc(now)},
          {"endpoint", endpoint},
          {"file", segment.file},
          {"records", segment.rows},
          {"bytes", segment.bytes},
          {"first_time", format_utc(utc_from_micros(segment.first_time))},
          {"last_time", format_utc(utc_from_micros(segment.last_time))},
          {"reason", reason}};
}

bool is_held(const std::map<std::string, Keeping, std::less<>>& keeping, const std::string& endpoint) {
  const auto own = keeping.find(endpoint);
  return own != keeping.end() && own->second.hold;
}

}  // namespace

Result<std::unique_ptr<Pruner>> Pruner::open(const Directory& folder, const std::string& proofs, telemetry::Log& log) {
  MODELYARD_ASSIGN(DeletionLog opened, DeletionLog::open(folder, proofs));
  return std::unique_ptr<Pruner>(new Pruner(std::move(opened), log));
}

Status Pruner::tidy(std::span<const EndpointFiles> all, const Bounds& bounds, const KeepingOf& keeping,
                    const Clock& clock) {
  const UtcTime now = clock.utc_now();
  Status done = ok();
  for (const EndpointFiles& one : all) {
    if (!one.files->should_seal(now)) continue;
    if (const Status sealed = one.files->seal(); !sealed) done = sealed;
    next_prune_ = {};
  }
  if (clock.steady_now() < next_prune_) return done;
  next_prune_ = clock.steady_now() + kPruneInterval;
  if (const Status pruned = prune(all, bounds, keeping, now); !pruned) done = pruned;
  return done;
}

Status Pruner::prune(std::span<const EndpointFiles> all, const Bounds& bounds, const KeepingOf& keeping, UtcTime now) {
  std::vector<Candidate> candidates;
  std::vector<std::pair<EndpointFiles, SegmentInfo>> segments;
  Retention retention{bounds, keeping(), {}};
  for (const EndpointFiles& one : all) {
    for (SegmentInfo& segment : one.files->segments()) {
      if (segment.open) {
        retention.open_bytes[one.endpoint] += segment.bytes;
        continue;
      }
      candidates.push_back({one.endpoint, segment.last_time, segment.bytes});
      segments.emplace_back(one, std::move(segment));
    }
  }
  for (const Deletion& deletion : deletions_due(candidates, retention, now)) {
    const auto& [one, segment] = segments[deletion.candidate];
    if (is_held(keeping(), one.endpoint)) continue;
    MODELYARD_TRY(proofs_.append(proof_of(segment, one.endpoint, deletion.reason, now)));
    MODELYARD_TRY(one.files->remove(segment.file));
    deleted_.fetch_add(1, std::memory_order_relaxed);
    log_.info("records of predictions were deleted", {{"endpoint", one.endpoint},
                                                      {"file", segment.file},
                                                      {"records", static_cast<std::int64_t>(segment.rows)},
                                                      {"reason", deletion.reason}});
  }
  return ok();
}

}  // namespace modelyard::journal
