// Pruner seals segments that are full or old, and deletes sealed ones that are beyond their bounds: first the proof,
// then the file.
//
// Errors:  the last of those there were; what one endpoint cannot do keeps none from it.
// Threads: tidy() on the writer's, deleted() from any.
#pragma once

#include <atomic>
#include <functional>

#include "journal/deletion_log.h"
#include "journal/retention.h"
#include "journal/segment_log.h"
#include "telemetry/log.h"

namespace modelyard::journal {

struct EndpointFiles {
  std::string endpoint;
  SegmentLog* files = nullptr;
};

class Pruner {
 public:
  // `proofs` is a file of `folder`.
  static Result<std::unique_ptr<Pruner>> open(const Directory& folder, const std::string& proofs, telemetry::Log& log);

  // `keeping` gives how endpoints' records are kept now; a hold that comes while segments are deleted counts.
  using KeepingOf = std::function<std::map<std::string, Keeping, std::less<>>()>;
  // What is due for deletion is looked for once a minute, and whenever something was sealed.
  Status tidy(std::span<const EndpointFiles> all, const Bounds& bounds, const KeepingOf& keeping, const Clock& clock);
  std::uint64_t deleted() const { return deleted_.load(std::memory_order_relaxed); }

 private:
  Status prune(std::span<const EndpointFiles> all, const Bounds& bounds, const KeepingOf& keeping, UtcTime now);
  Pruner(DeletionLog proofs, telemetry::Log& log) : proofs_(std::move(proofs)), log_(log) {}

  DeletionLog proofs_;
  telemetry::Log& log_;
  SteadyTime next_prune_{};
  std::atomic<std::uint64_t> deleted_{0};
};

}  // namespace modelyard::journal
