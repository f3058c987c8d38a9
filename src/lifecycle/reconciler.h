// Reconciler moves what is loaded towards what is wanted, one action at a time, and publishes the serving table.
//
// Threads: one that decides and one that loads and unloads; public calls from any thread.
// Order:   start() → stop(). stop() lets go of every version; the readers of the table must have stopped reading.
// Errors:  a failed load is tried again after a pause that grows; status() says why and when. A failed version never
//          gets traffic; one that cannot be replaced goes on as it is.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "lifecycle/policy.h"
#include "lifecycle/serving_table.h"

namespace modelyard::lifecycle {

struct ReconcilerOptions {
  std::int64_t memory_limit_bytes = 0;  // 0: none
  std::chrono::nanoseconds retry_least = std::chrono::seconds(1);
  std::chrono::nanoseconds retry_most = std::chrono::minutes(5);
};

struct VersionStatus {
  VersionRef version;
  VersionPhase phase = VersionPhase::kWaiting;
  std::string reason;  // of the last failure
  int attempts = 0;
  std::optional<UtcTime> next_try;
  std::optional<UtcTime> ready_since;
  std::int64_t memory_bytes = 0;
  MeasuredCost cost;
  std::string note;
  std::int64_t most_batch_rows = 0;                    // of a run that requests share; 0: they do not
  std::optional<backend::LoadOptions> options;         // it is loaded with
  std::optional<backend::LoadOptions> wanted_options;  // it is to be replaced for these
};

struct EndpointStatus {
  std::string endpoint;
  std::string model;
  std::int64_t desired_revision = 0;    // 0: to be removed
  std::int64_t effective_revision = 0;  // 0: nothing is in effect yet
  std::vector<rollout::Share> effective_shares;
};

struct LifecycleStatus {
  std::int64_t observed_revision = 0;  // of the desired state that was read last
  std::vector<VersionStatus> versions;
  std::vector<EndpointStatus> endpoints;
  std::int64_t memory_used = 0;
  std::int64_t memory_limit = 0;
  std::uint64_t loads = 0;
  std::uint64_t load_failures = 0;
};

class Reconciler {
 public:
  Reconciler(ReconcilerOptions options, std::vector<backend::Backend*> backends, Source& source, PublishedTable& table,
             MakeExecutor make_executor, Report report, const Clock& clock, Random& random);
  ~Reconciler();

  void start();
  void stop();

  LifecycleStatus status() const;
  // Everything that was wanted at the start has been tried once.
  bool settled() const;
  // Waits until the endpoint's plan of that revision (0: no plan) is in effect and every reader knows it, or a version
  // it needs has failed, or the time is over (DeadlineExceeded).
  Status wait_for_endpoint(const std::string& endpoint, std::int64_t plan_revision, std::chrono::nanoseconds timeout);
  // Waits until what the catalog says at that revision is known to every reader, or the time is over.
  Status wait_for_settings(std::int64_t revision, std::chrono::nanoseconds timeout);
  // Waits until a version is ready, has failed, or the time is over.
  Status wait_for_settled(std::chrono::nanoseconds timeout);
  // Tries a version that has failed again at once, as somebody has asked for it or mended it.
  void retry(const VersionRef& version);
  // Looks at the clock again; tests move theirs.
  void poke();

 private:
  struct Harness;
  class LoadJob;

  void decide_loop();
  void load_loop();
  void take_desired();
  void forgive_replacements(const DesiredState& before) MODELYARD_REQUIRES(mutex_);
  Situation situation() MODELYARD_REQUIRES(mutex_);
  void mark_unwanted(SteadyTime now) MODELYARD_REQUIRES(mutex_);
  void execute(const Action& action) MODELYARD_REQUIRES(mutex_);
  void begin_load(const VersionRef& version) MODELYARD_REQUIRES(mutex_);
  void begin_replacement(const VersionRef& version) MODELYARD_REQUIRES(mutex_);
  void begin_unload(const VersionRef& version) MODELYARD_REQUIRES(mutex_);
  void switch_endpoint(const std::string& endpoint) MODELYARD_REQUIRES(mutex_);
  void publish() MODELYARD_REQUIRES(mutex_);
  void set_phase(const VersionRef& version, VersionPhase phase);
  Result<std::shared_ptr<Servable>> load(const VersionRef& version, MeasuredCost& cost, std::string& note);
  void run_load(const VersionRef& version);
  void take_loaded(const VersionRef& version, std::shared_ptr<Servable> servable) MODELYARD_REQUIRES(mutex_);
  void take_failure(const VersionRef& version, const Error& failure) MODELYARD_REQUIRES(mutex_);
  VersionStatus status_of(const VersionRef& version, const Harness& harness) const MODELYARD_REQUIRES(mutex_);
  Replacement replacement_of(const VersionRef& version, const Harness& harness) const MODELYARD_REQUIRES(mutex_);
  bool release_retired();
  void tell(std::string kind, const VersionRef& version, std::string message) MODELYARD_REQUIRES(mutex_);
  void deliver_reports();
  backend::Backend* backend_for(std::string_view format) const;

  const ReconcilerOptions options_;
  const std::vector<backend::Backend*> backends_;
  Source& source_;
  PublishedTable& table_;
  const MakeExecutor make_executor_;
  const Report report_;
  const Clock& clock_;
  Random& random_;
  ResourceLedger ledger_;

  struct Retired {
    enum class Cause { kUnloaded, kReplaced };
    VersionRef version;
    std::shared_ptr<Servable> servable;
    std::uint64_t generation = 0;  // of the first table without it
    Cause cause = Cause::kUnloaded;
  };

  mutable Mutex mutex_;
  mutable CondVar changed_;  // anything below changed
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool source_changed_ MODELYARD_GUARDED_BY(mutex_) = true;
  bool settled_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const DesiredState> desired_ MODELYARD_GUARDED_BY(mutex_);
  std::map<VersionRef, Harness> versions_ MODELYARD_GUARDED_BY(mutex_);
  std::map<std::string, rollout::TrafficPlan> effective_ MODELYARD_GUARDED_BY(mutex_);
  std::deque<VersionRef> load_queue_ MODELYARD_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ MODELYARD_GUARDED_BY(mutex_);
  std::vector<Happening> reports_ MODELYARD_GUARDED_BY(mutex_);
  std::uint64_t generation_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::uint64_t loads_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::uint64_t failures_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::thread decider_;
  std::thread loader_;
};

}  // namespace modelyard::lifecycle
