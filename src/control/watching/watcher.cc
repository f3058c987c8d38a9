#include "control/watching/watcher.h"

#include <algorithm>

#include "base/duration.h"
#include "control/rollouts/rollout_alerts.h"
#include "control/watching/endpoint_surroundings.h"
#include "control/watching/monitor_check.h"

namespace modelyard::control {

using monitoring::Finding;
using monitoring::Outcome;

namespace {

// The last multiple of `width` that is not after `time`.
UtcTime end_before(UtcTime time, std::chrono::seconds width) {
  const std::chrono::microseconds micros = width;
  return UtcTime(time.time_since_epoch() / micros * micros);
}

}  // namespace

Watcher::Watcher(Parts parts, std::chrono::seconds window) : parts_(std::move(parts)), window_(window) {}

void Watcher::start() {
  thread_ = std::thread([this] { run(); });
}

void Watcher::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  keep_profiles();
}

void Watcher::run() {
  UtcTime due = end_before(parts_.clock.utc_now(), window_) + window_;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && parts_.clock.utc_now() < due) (void)wake_.wait_for(mutex_, due - parts_.clock.utc_now());
      if (stopping_) return;
    }
    tick();
    due = end_before(parts_.clock.utc_now(), window_) + window_;
  }
}

void Watcher::tick() {
  keep_profiles();
  report("profiles were not put together", parts_.profiles.compact(parts_.clock.utc_now()));
  auto all = configured("");
  report("monitors were not read", all ? ok() : Status(all.error()));
  if (!all) return;
  const UtcTime now = parts_.clock.utc_now();
  std::vector<JudgedWindow> judged;
  for (const Due& due : *all) {
    if (auto window = judge(due, now)) judged.push_back(std::move(*window));
  }
  for (JudgedWindow& window : judged) {
    report("likely causes were not looked for", explain(window));
    observe(window, now);
  }
  look_at_alerts(*all);
}

void Watcher::keep_profiles() {
  MutexLock lock(keeping_);
  report("profiles were not kept", keep());
}

Status Watcher::keep() {
  for (monitoring::StreamProfile& profile : parts_.take()) {
    if (unkept_.size() < kMostUnkept) unkept_.push_back(std::move(profile));
  }
  MODELYARD_TRY(parts_.profiles.put(unkept_));
  unkept_.clear();
  return ok();
}

Result<std::vector<Watcher::Due>> Watcher::configured(const std::string& endpoint) {
  std::vector<Due> all;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
    for (const registry::EndpointRecord& record : endpoints) {
      if (!endpoint.empty() && record.name != endpoint) continue;
      MODELYARD_ASSIGN(const Json document, parse_json(record.wants.monitors));
      MODELYARD_ASSIGN(auto monitors, monitoring::parse_monitors(document));
      for (monitoring::Monitor& monitor : monitors) {
        all.push_back({record, std::move(monitor), ""});
        all.back().form = document[all.back().monitor.name].dump();
      }
    }
    return ok();
  }));
  return all;
}

bool Watcher::is_due(const Due& due, UtcTime end, UtcTime now) {
  const std::string name = qualified_name(due.endpoint.name, due.monitor.name);
  bool is_changed = false, is_due = false;
  {
    MutexLock lock(mutex_);
    Seen& seen = seen_[name];
    is_changed = !seen.form.empty() && seen.form != due.form;
    if (is_changed) seen = Seen();  // it begins anew
    seen.form = due.form;
    seen.endpoint = due.endpoint.name;
    seen.monitor = due.monitor.name;
    seen.kind = due.monitor.kind;
    if (seen.due == UtcTime()) seen.due = end + due.monitor.window;
    is_due = now >= seen.due;
    if (is_due) seen.due = end + due.monitor.window;
  }
  if (is_changed) forget(name);
  return is_due;
}

std::optional<Watcher::JudgedWindow> Watcher::judge(const Due& due, UtcTime now) {
  const UtcTime end = end_before(now, due.monitor.window);
  if (!is_due(due, end, now)) return std::nullopt;
  const std::string name = qualified_name(due.endpoint.name, due.monitor.name);
  auto findings = parts_.judge.judge(due.endpoint, due.monitor, end);
  report("monitor " + name + " did not judge its window", findings ? ok() : Status(findings.error()));
  if (!findings) return std::nullopt;
  MutexLock lock(mutex_);
  Seen& seen = seen_[name];
  seen.judged = end;
  seen.findings = *findings;
  return JudgedWindow{&due, end, std::move(*findings)};
}

Status Watcher::explain(JudgedWindow& judged) {
  const auto& [endpoint, monitor, form] = *judged.due;
  if (std::ranges::find(judged.findings, Outcome::kFail, &Finding::outcome) == judged.findings.end()) return ok();
  monitoring::Surroundings around;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(around, surroundings_of(reader, endpoint));
    return ok();
  }));
  MutexLock lock(mutex_);
  for (const auto& [name, seen] : seen_) {
    if (seen.endpoint == endpoint.name) around.judged.push_back({seen.kind, seen.findings});
  }
  for (Finding& finding : judged.findings) {
    if (finding.outcome != Outcome::kFail) continue;
    const std::string cause = likely_cause(monitor, finding, judged.end, around);
    if (!cause.empty()) finding.sentence += "; likely cause: " + cause;
    const std::string loss = tells_change(monitor.kind) ? loss_beside(around) : "";
    if (!loss.empty()) finding.sentence += "; with it, " + loss;
  }
  return ok();
}

void Watcher::observe(const JudgedWindow& judged, UtcTime now) {
  const auto& [endpoint, monitor, form] = *judged.due;
  const std::string name = qualified_name(endpoint.name, monitor.name);
  const ObservedMonitor observed{name, std::string(monitor_kind_name(monitor.kind)), endpoint.name};
  const auto told = parts_.alerts.observe(observed, monitor.alert, judged.findings, now);
  report("what monitor " + name + " found was not kept", told ? ok() : Status(told.error()));
  if (told && !told->empty()) parts_.on_alerts();
  MutexLock lock(mutex_);
  seen_[name].findings = judged.findings;  // with their causes
}

void Watcher::look_at_alerts(const std::vector<Due>& all) {
  std::set<std::string> names;
  for (const Due& due : all) names.insert(qualified_name(due.endpoint.name, due.monitor.name));
  report("alerts were not looked at", [&]() -> Status {
    MODELYARD_ASSIGN(auto alerts, parts_.alerts.alerts());
    MODELYARD_TRY(raise(all, alerts));
    MODELYARD_ASSIGN(alerts, parts_.alerts.alerts());
    std::set<std::string> gone;
    decltype(WatchFigures::firing) firing;
    for (const monitoring::Alert& alert : alerts) {
      const bool is_of_rollout = alert.kind == kRolloutAlert;  // they have a keeper of their own
      if (!names.contains(alert.monitor) && !is_of_rollout) {
        gone.insert(alert.monitor);
      } else if (alert.state == monitoring::AlertState::kFiring) {
        ++firing[{alert.endpoint, alert.severity}];
      }
    }
    {
      MutexLock lock(mutex_);
      firing_ = std::move(firing);
    }
    for (const std::string& name : gone) forget(name);
    return ok();
  }());
  MutexLock lock(mutex_);
  std::erase_if(seen_, [&](const auto& entry) { return !names.contains(entry.first); });
}

// An alert that is silenced says nothing of loss, as it says nothing of itself.
Status Watcher::raise(const std::vector<Due>& all, const std::vector<monitoring::Alert>& alerts) {
  MODELYARD_ASSIGN(const auto silences, parts_.alerts.silences());
  const UtcTime now = parts_.clock.utc_now();
  std::set<std::string_view> losing;  // endpoints
  for (const monitoring::Alert& alert : alerts) {
    const auto kind = monitoring::parse_monitor_kind(alert.kind);
    const bool is_firing = alert.state == monitoring::AlertState::kFiring && !is_silenced(alert, silences, now);
    if (kind && tells_loss(*kind) && is_firing) losing.insert(alert.endpoint);
  }
  for (const Due& due : all) {
    if (!losing.contains(due.endpoint.name)) continue;
    const std::string name = qualified_name(due.endpoint.name, due.monitor.name);
    MODELYARD_ASSIGN(const auto told, parts_.alerts.raise(name, due.monitor.alert.with_loss));
    if (!told.empty()) parts_.on_alerts();
  }
  return ok();
}

void Watcher::forget(const std::string& name) {
  report("alerts of a monitor that is gone were not ended", [&]() -> Status {
    MODELYARD_ASSIGN(const auto told, parts_.alerts.forget(name));
    if (!told.empty()) parts_.on_alerts();
    return ok();
  }());
}

void Watcher::report(std::string_view what, const Status& status) {
  MutexLock lock(mutex_);
  const auto known = failing_.find(what);
  const bool was_failing = known != failing_.end();
  if (!status && !was_failing) {
    failing_.emplace(what);
    parts_.log.error(what, {{"error", status.error().message()}});
  } else if (status && was_failing) {
    failing_.erase(known);
  }
}

Result<std::vector<monitoring::Finding>> Watcher::test(const std::string& endpoint, const std::string& monitor) {
  MODELYARD_ASSIGN(const auto all, configured(endpoint));
  keep_profiles();
  const auto found = std::ranges::find(all, monitor, [](const Due& due) { return due.monitor.name; });
  if (found == all.end()) {
    return error(Code::kNotFound, "endpoint '{}' has no monitor '{}'", endpoint, monitor);
  }
  return parts_.judge.judge(found->endpoint, found->monitor, parts_.clock.utc_now());
}

Result<std::vector<WatchedMonitor>> Watcher::monitors(const std::string& endpoint) {
  MODELYARD_ASSIGN(auto all, configured(endpoint));
  std::vector<WatchedMonitor> watched;
  MutexLock lock(mutex_);
  for (Due& due : all) {
    const auto seen = seen_.find(qualified_name(due.endpoint.name, due.monitor.name));
    WatchedMonitor one{due.endpoint.name, std::move(due.monitor), std::nullopt, {}};
    if (seen != seen_.end()) {
      one.judged = seen->second.judged;
      one.findings = seen->second.findings;
    }
    watched.push_back(std::move(one));
  }
  return watched;
}

WatchFigures Watcher::figures() {
  WatchFigures figures;
  MutexLock lock(mutex_);
  for (const auto& [name, seen] : seen_) {
    if (seen.judged)
      figures.monitors.push_back(
          {seen.endpoint, seen.monitor, std::string(monitor_kind_name(seen.kind)), seen.findings});
  }
  figures.firing = firing_;
  return figures;
}

}  // namespace modelyard::control
