#include "lifecycle/reconciler.h"

#include <algorithm>

#include "base/thread_name.h"
#include "telemetry/process_status.h"

namespace modelyard::lifecycle {
namespace {

// How often to look whether a retired version has been let go of: workers do not tell when they drop the last request.
constexpr std::chrono::milliseconds kRetiredPoll{5};
constexpr std::chrono::seconds kLongestStop{10};

template <typename... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

struct Reconciler::Harness {
  VersionPhase phase = VersionPhase::kWaiting;
  std::string reason;
  std::string note;
  int attempts = 0;
  SteadyTime retry_at{};
  std::optional<UtcTime> next_try;
  std::optional<UtcTime> ready_since;
  std::optional<SteadyTime> unwanted_since;
  std::int64_t memory_bytes = 0;
  MeasuredCost cost;
  std::shared_ptr<Servable> servable;
  bool is_being_replaced = false;  // kReady: loads once more; its phase stays

  void enter(VersionPhase next) {
    MODELYARD_CHECK(may_follow(phase, next), "phases follow the table");
    phase = next;
  }
};

Reconciler::Reconciler(ReconcilerOptions options, std::vector<backend::Backend*> backends, Source& source,
                       PublishedTable& table, MakeExecutor make_executor, Report report, const Clock& clock,
                       Random& random)
    : options_(options),
      backends_(std::move(backends)),
      source_(source),
      table_(table),
      make_executor_(std::move(make_executor)),
      report_(std::move(report)),
      clock_(clock),
      random_(random),
      ledger_(options.memory_limit_bytes),
      desired_(std::make_shared<const DesiredState>()) {}

Reconciler::~Reconciler() {
  stop();
}

void Reconciler::start() {
  source_.subscribe([this] {
    MutexLock lock(mutex_);
    source_changed_ = true;
    changed_.notify_all();
  });
  decider_ = std::thread([this] {
    name_thread("decider");
    decide_loop();
  });
  loader_ = std::thread([this] {
    name_thread("loader");
    load_loop();
  });
}

void Reconciler::stop() {
  if (!decider_.joinable()) return;
  source_.unsubscribe();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  decider_.join();
  loader_.join();
  std::map<VersionRef, Harness> versions;
  std::vector<Retired> retired;
  {
    MutexLock lock(mutex_);
    versions.swap(versions_);
    retired.swap(retired_);
  }
  table_.publish(std::make_shared<const ServingTable>());
  // Runs that are under way end first, so that no worker is the one that destroys its own version.
  for (auto& [version, harness] : versions) retired.push_back({version, std::move(harness.servable), 0});
  const auto end = std::chrono::steady_clock::now() + kLongestStop;
  const auto in_use = [](const Retired& one) { return one.servable && one.servable.use_count() > 1; };
  while (std::any_of(retired.begin(), retired.end(), in_use) && std::chrono::steady_clock::now() < end) {
    MutexLock lock(mutex_);
    changed_.wait_for(mutex_, kRetiredPoll);
  }
}

void Reconciler::poke() {
  MutexLock lock(mutex_);
  changed_.notify_all();
}

void Reconciler::take_desired() {
  auto desired = source_.desired();
  MutexLock lock(mutex_);
  if (desired) {
    const auto before = std::exchange(desired_, std::move(*desired));
    forgive_replacements(*before);
    // These take effect by themselves; all else goes through an action.
    if (before->aliases != desired_->aliases || before->settings != desired_->settings) publish();
  } else {
    tell("catalog_unreadable", {}, desired.error().message());
  }
}

// What failed with other options is tried at once.
void Reconciler::forgive_replacements(const DesiredState& before) {
  for (auto& [version, harness] : versions_) {
    const bool same = before.options_of(version) == desired_->options_of(version);
    if (same || harness.phase != VersionPhase::kReady || harness.is_being_replaced) continue;
    harness.reason.clear();
    harness.attempts = 0;
    harness.retry_at = {};
    harness.next_try.reset();
  }
}

void Reconciler::decide_loop() {
  for (;;) {
    bool fetch = false;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      fetch = std::exchange(source_changed_, false);
    }
    if (fetch) take_desired();
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      mark_unwanted(clock_.steady_now());
      const Action action = next_action(*desired_, situation());
      if (const auto* wait = std::get_if<WaitUntil>(&action)) {
        const bool loading = std::any_of(versions_.begin(), versions_.end(),
                                         [](const auto& entry) { return is_loading(entry.second.phase); });
        if (!loading && !settled_) {
          settled_ = true;
          changed_.notify_all();
        }
        if (!source_changed_ && reports_.empty()) {
          if (wait->time) {
            changed_.wait_for(mutex_, std::max(std::chrono::nanoseconds(0), *wait->time - clock_.steady_now()));
          } else {
            changed_.wait(mutex_);
          }
        }
      } else {
        execute(action);
      }
    }
    deliver_reports();
  }
}

Situation Reconciler::situation() {
  Situation situation;
  situation.now = clock_.steady_now();
  situation.effective = effective_;
  for (const auto& [version, harness] : versions_) {
    situation.versions[version] = {harness.phase, replacement_of(version, harness), harness.retry_at,
                                   harness.unwanted_since};
  }
  return situation;
}

// Versions of no plan stay as they are: they may soon be wanted again as they were.
Replacement Reconciler::replacement_of(const VersionRef& version, const Harness& harness) const {
  if (harness.is_being_replaced) return Replacement::kUnderWay;
  const auto wanted = desired_->options.find(version);
  const bool differs =
      harness.servable && wanted != desired_->options.end() && !(wanted->second == harness.servable->options());
  return differs ? Replacement::kWanted : Replacement::kNone;
}

void Reconciler::mark_unwanted(SteadyTime now) {
  const std::set<VersionRef> wanted = wanted_versions(*desired_, effective_);
  for (auto& [version, harness] : versions_) {
    if (wanted.contains(version)) {
      harness.unwanted_since.reset();
    } else if (!harness.unwanted_since) {
      harness.unwanted_since = now;
    }
  }
}

void Reconciler::execute(const Action& action) {
  std::visit(
      Overload{[&](const LoadVersion& load) MODELYARD_REQUIRES(mutex_) { begin_load(load.version); },
               [&](const ReplaceVersion& replace) MODELYARD_REQUIRES(mutex_) { begin_replacement(replace.version); },
               [&](const UnloadVersion& unload) MODELYARD_REQUIRES(mutex_) { begin_unload(unload.version); },
               [&](const DropVersion& drop) MODELYARD_REQUIRES(mutex_) {
                 versions_.erase(drop.version);
                 publish();
               },
               [&](const SwitchEndpoint& change) MODELYARD_REQUIRES(mutex_) { switch_endpoint(change.endpoint); },
               [&](const RemoveEndpoint& remove) MODELYARD_REQUIRES(mutex_) {
                 tell("endpoint_removed", {effective_[remove.endpoint].model, 0},
                      fmt::format("endpoint '{}' answers no more", remove.endpoint));
                 effective_.erase(remove.endpoint);
                 publish();
               },
               [](const WaitUntil&) {}},
      action);
}

void Reconciler::begin_load(const VersionRef& version) {
  Harness& harness = versions_[version];
  harness.enter(VersionPhase::kFetching);
  harness.next_try.reset();
  ++harness.attempts;
  ++loads_;
  load_queue_.push_back(version);
  tell("version_loading", version, fmt::format("try {}", harness.attempts));
  changed_.notify_all();
}

void Reconciler::begin_replacement(const VersionRef& version) {
  Harness& harness = versions_[version];
  harness.is_being_replaced = true;
  harness.next_try.reset();
  ++harness.attempts;
  ++loads_;
  load_queue_.push_back(version);
  tell("version_replacing", version,
       fmt::format("intra_op_threads {} → {}, try {}", harness.servable->options().intra_op_threads,
                   desired_->options_of(version).intra_op_threads, harness.attempts));
  changed_.notify_all();
}

void Reconciler::begin_unload(const VersionRef& version) {
  Harness& harness = versions_[version];
  harness.enter(VersionPhase::kUnloading);
  auto servable = std::move(harness.servable);
  publish();
  retired_.push_back({version, std::move(servable), generation_});
  changed_.notify_all();
}

void Reconciler::switch_endpoint(const std::string& endpoint) {
  for (const rollout::TrafficPlan& plan : desired_->plans) {
    if (plan.endpoint != endpoint) continue;
    effective_[endpoint] = plan;
    tell("endpoint_switched", {plan.model, plan.shares.back().version},
         fmt::format("endpoint '{}' is at plan {}", endpoint, plan.revision));
  }
  publish();
}

void Reconciler::publish() {
  auto table = std::make_shared<ServingTable>();
  for (const auto& [endpoint, plan] : effective_) {
    const auto settings = desired_->settings.find(endpoint);
    table->endpoints[endpoint] = {plan, settings == desired_->settings.end() ? nullptr : settings->second};
  }
  for (const auto& [version, harness] : versions_) {
    ModelEntry& model = table->models[version.model];
    if (harness.servable) {
      model.ready[version.version] = harness.servable;
    } else {
      model.not_ready[version.version] =
          harness.reason.empty() ? std::string(phase_name(harness.phase)) : harness.reason;
    }
  }
  for (const auto& [version, names] : desired_->aliases) {
    const auto model = table->models.find(version.model);
    if (model == table->models.end()) continue;
    for (const std::string& name : names) model->second.aliases[name] = version.version;
  }
  generation_ = table_.publish(std::move(table));
  changed_.notify_all();
}

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
  memory.settle(after > before ? static_cast<std::int64_t>(after - before) : 0);
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

void Reconciler::tell(std::string kind, const VersionRef& version, std::string message) {
  reports_.push_back({version, std::move(kind), std::move(message)});
}

void Reconciler::deliver_reports() {
  std::vector<Happening> reports;
  {
    MutexLock lock(mutex_);
    reports.swap(reports_);
  }
  if (!report_) return;
  for (const Happening& happening : reports) report_(happening);
}

VersionStatus Reconciler::status_of(const VersionRef& version, const Harness& harness) const {
  VersionStatus status{version, harness.phase, harness.reason, harness.attempts, harness.next_try};
  if (harness.phase == VersionPhase::kReady) status.ready_since = harness.ready_since;
  status.memory_bytes = harness.memory_bytes;
  status.cost = harness.cost;
  status.note = harness.note;
  if (!harness.servable) return status;
  status.most_batch_rows = harness.servable->batching().most_rows();
  status.options = harness.servable->options();
  if (replacement_of(version, harness) != Replacement::kNone) status.wanted_options = desired_->options_of(version);
  return status;
}

LifecycleStatus Reconciler::status() const {
  MutexLock lock(mutex_);
  LifecycleStatus status;
  status.observed_revision = desired_->revision;
  for (const auto& [version, harness] : versions_) status.versions.push_back(status_of(version, harness));
  std::map<std::string, EndpointStatus> endpoints;
  for (const rollout::TrafficPlan& plan : desired_->plans) {
    endpoints[plan.endpoint] = {plan.endpoint, plan.model, plan.revision, 0, {}};
  }
  for (const auto& [name, plan] : effective_) {
    EndpointStatus& endpoint = endpoints[name];
    endpoint.endpoint = name;
    endpoint.model = plan.model;
    endpoint.effective_revision = plan.revision;
    endpoint.effective_shares = plan.shares;
  }
  for (auto& [name, endpoint] : endpoints) status.endpoints.push_back(std::move(endpoint));
  status.memory_used = ledger_.used();
  status.memory_limit = ledger_.limit();
  status.loads = loads_;
  status.load_failures = failures_;
  return status;
}

bool Reconciler::settled() const {
  MutexLock lock(mutex_);
  return settled_;
}

Status Reconciler::wait_for_settled(std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (!settled_ && !stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return error(Code::kDeadlineExceeded, "versions are still loading");
    changed_.wait_for(mutex_, left);
  }
  return ok();
}

Status Reconciler::wait_for_endpoint(const std::string& endpoint, std::int64_t plan_revision,
                                     std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  for (;;) {
    const auto effective = effective_.find(endpoint);
    const std::int64_t now_at = effective == effective_.end() ? 0 : effective->second.revision;
    const bool reached = plan_revision == 0 ? now_at == 0 : now_at >= plan_revision;
    if (reached && table_.acknowledged(generation_)) return ok();
    for (const rollout::TrafficPlan& plan : desired_->plans) {
      if (reached || plan.endpoint != endpoint || plan.revision < plan_revision) continue;
      for (const rollout::Share& share : plan.shares) {
        const auto needed = versions_.find({plan.model, share.version});
        if (needed == versions_.end() || needed->second.phase != VersionPhase::kFailed) continue;
        return error(Code::kFailedPrecondition, "version {} of '{}' did not become ready: {}", share.version,
                     plan.model, needed->second.reason);
      }
    }
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero() || stopping_) {
      return error(Code::kDeadlineExceeded, "endpoint '{}' is not there yet; see `modelyard status`", endpoint);
    }
    // Readers do not notify: they acknowledge within a turn.
    changed_.wait_for(mutex_, reached ? std::chrono::nanoseconds(kRetiredPoll) : std::chrono::nanoseconds(left));
  }
}

}  // namespace modelyard::lifecycle
