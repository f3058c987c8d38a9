// The half of the Reconciler that loads and unloads, on a thread of its own.
#include <algorithm>

#include "lifecycle/reconciler_harness.h"
#include "telemetry/process_status.h"

namespace modelyard::lifecycle {

backend::Backend* Reconciler::backend_for(std::string_view format) const {
  for (backend::Backend* backend : backends_) {
    if (backend->format() == format) return backend;
  }
  return nullptr;
}

void Reconciler::set_phase(const VersionRef& version, VersionPhase phase) {
  MutexLock lock(mutex_);
  Harness& harness = versions_[version];
  if (!harness.is_being_replaced && harness.phase != phase) harness.enter(phase);
  changed_.notify_all();
}

// Loading a version that is no longer wanted by then is finished all the same; unloading it is the next action.
Result<std::shared_ptr<Servable>> Reconciler::load(const VersionRef& version, MeasuredCost& cost, std::string& note) {
  class Progress final : public LoadProgress {
   public:
    Progress(Reconciler& owner, const VersionRef& version) : owner_(owner), version_(version) {}
    void on_phase(VersionPhase phase) override { owner_.set_phase(version_, phase); }
    void on_check(CheckResult) override {}

   private:
    Reconciler& owner_;
    const VersionRef& version_;
  };

  MODELYARD_ASSIGN(Artifact artifact, source_.fetch(version));
  backend::Backend* backend = backend_for(artifact.format);
  if (!backend) return error(Code::kUnimplemented, "no engine for the format '{}'", artifact.format);
  MODELYARD_ASSIGN(const std::int64_t estimate, backend->estimate_bytes(artifact.folder));
  MODELYARD_ASSIGN(auto memory, ledger_.reserve(estimate));
  backend::LoadOptions options;
  {
    MutexLock lock(mutex_);
    options = desired_->options_of(version);
  }
  const std::uint64_t before = telemetry::read_process_status().resident_bytes;
  Progress progress(*this, version);
  MODELYARD_ASSIGN(LoadedVersion loaded, load_version(*backend, artifact, options, clock_, progress));
  const std::uint64_t after = telemetry::read_process_status().resident_bytes;
  // What the process had freed before may serve again, so that it grows by less than the version holds.
  const std::int64_t grown = after > before ? static_cast<std::int64_t>(after - before) : 0;
  memory.settle(std::max(grown, artifact.file_bytes));
  cost = loaded.cost;
  note = loaded.warm_up_note;
  auto servable = std::make_shared<Servable>(version, std::move(loaded), artifact.keep, std::move(memory));
  MODELYARD_ASSIGN(auto executor, make_executor_(*servable));
  servable->set_executor(std::move(executor));
  return servable;
}

void Reconciler::run_load(const VersionRef& version) {
  MeasuredCost cost;
  std::string note;
  auto servable = load(version, cost, note);
  {
    MutexLock lock(mutex_);
    if (servable) {
      Harness& harness = versions_[version];
      harness.cost = cost;
      harness.note = note;
      take_loaded(version, std::move(*servable));
    } else {
      take_failure(version, servable.error());
    }
  }
  deliver_reports();
}

void Reconciler::take_loaded(const VersionRef& version, std::shared_ptr<Servable> servable) {
  Harness& harness = versions_[version];
  auto before = std::exchange(harness.servable, std::move(servable));
  harness.reason.clear();
  harness.attempts = 0;
  harness.retry_at = {};
  harness.memory_bytes = harness.servable->memory_bytes();
  publish();
  if (std::exchange(harness.is_being_replaced, false)) {
    retired_.push_back({version, std::move(before), generation_, Retired::Cause::kReplaced});
    tell("version_replaced", version, fmt::format("intra_op_threads {}", harness.servable->options().intra_op_threads));
  } else {
    harness.enter(VersionPhase::kReady);
    harness.ready_since = clock_.utc_now();
    tell("version_ready", version, harness.note);
  }
  changed_.notify_all();
}

void Reconciler::take_failure(const VersionRef& version, const Error& failure) {
  Harness& harness = versions_[version];
  ++failures_;
  const double jitter = static_cast<double>(random_.next() >> 11) * 0x1p-53;
  const auto pause = backoff(harness.attempts, options_.retry_least, options_.retry_most, jitter);
  harness.retry_at = clock_.steady_now() + pause;
  harness.next_try = clock_.utc_now() + std::chrono::duration_cast<std::chrono::microseconds>(pause);
  if (std::exchange(harness.is_being_replaced, false)) {
    harness.reason = fmt::format("goes on with intra_op_threads {}: {}", harness.servable->options().intra_op_threads,
                                 failure.message());
    tell("version_not_replaced", version, harness.reason);
  } else {
    harness.enter(VersionPhase::kFailed);
    harness.reason = failure.message();
    tell("version_failed", version, harness.reason);
  }
  publish();
}

// Destroys versions that nobody can reach any more. True while some are left.
bool Reconciler::release_retired() {
  std::vector<Retired> free;
  bool left = false;
  {
    MutexLock lock(mutex_);
    for (auto it = retired_.begin(); it != retired_.end();) {
      const bool unreachable = table_.acknowledged(it->generation) && it->servable.use_count() == 1;
      if (unreachable) {
        free.push_back(std::move(*it));
        it = retired_.erase(it);
      } else {
        ++it;
      }
    }
    left = !retired_.empty();
  }
  for (Retired& retired : free) retired.servable.reset();  // takes its time, without the lock
  MutexLock lock(mutex_);
  for (const Retired& retired : free) {
    if (retired.cause == Retired::Cause::kReplaced) continue;
    versions_.erase(retired.version);
    tell("version_unloaded", retired.version, "");
  }
  if (!free.empty()) {
    publish();
  }
  return left;
}

void Reconciler::load_loop() {
  for (;;) {
    const bool retired_left = release_retired();
    deliver_reports();
    std::optional<VersionRef> next;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (load_queue_.empty()) {
        if (retired_left) {
          changed_.wait_for(mutex_, kRetiredPoll);
        } else if (retired_.empty()) {
          changed_.wait(mutex_);
        }
      }
      if (stopping_) return;
      if (!load_queue_.empty()) {
        next = load_queue_.front();
        load_queue_.pop_front();
      }
    }
    if (next) run_load(*next);
  }
}

}  // namespace modelyard::lifecycle
