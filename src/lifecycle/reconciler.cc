// The half of the Reconciler that decides: what is wanted, and the next step to it.
#include <algorithm>

#include "base/thread_name.h"
#include "lifecycle/reconciler_harness.h"

namespace modelyard::lifecycle {
namespace {

constexpr std::chrono::seconds kLongestStop{10};

template <typename... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

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

void Reconciler::retry(const VersionRef& version) {
  MutexLock lock(mutex_);
  const auto found = versions_.find(version);
  if (found == versions_.end() || found->second.phase != VersionPhase::kFailed) return;
  found->second.attempts = 0;
  found->second.retry_at = {};
  found->second.next_try.reset();
  changed_.notify_all();
}

void Reconciler::poke() {
  MutexLock lock(mutex_);
  changed_.notify_all();
}

void Reconciler::take_desired() {
  std::vector<VersionRef> held;
  {
    MutexLock lock(mutex_);
    for (const auto& [version, harness] : versions_) held.push_back(version);
  }
  auto desired = source_.desired(held);
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
  const auto why_not = [](const Harness& harness) {
    return harness.reason.empty() ? std::string(phase_name(harness.phase)) : harness.reason;
  };
  for (const auto& [version, harness] : versions_) {
    ModelEntry& model = table->models[version.model];
    if (harness.servable) {
      model.ready[version.version] = harness.servable;
    } else {
      model.not_ready[version.version] = why_not(harness);
    }
  }
  for (const rollout::TrafficPlan& plan : desired_->plans) {
    if (effective_.contains(plan.endpoint)) continue;
    for (const rollout::Share& share : plan.shares) {
      const auto found = versions_.find({plan.model, share.version});
      if (found == versions_.end() || found->second.servable) continue;
      table->waiting[plan.endpoint] = fmt::format("version {}: {}", share.version, why_not(found->second));
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

}  // namespace modelyard::lifecycle
