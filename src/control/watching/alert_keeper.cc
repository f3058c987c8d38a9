#include "control/watching/alert_keeper.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "base/names.h"
#include "control/watching/alert_tables.h"

namespace modelyard::control {
namespace {

using monitoring::Alert;
using monitoring::AlertEvent;
using monitoring::AlertState;
using monitoring::Silence;

constexpr std::size_t kMostNoteBytes = 2000;

// One transaction that changes alerts: keeps them, and what has to be told of them.
class Keeping {
 public:
  Keeping(SqliteConnection& connection, AlertOutbox& outbox, UtcTime now)
      : connection_(connection), outbox_(outbox), now_(now) {}

  Status begin() {
    MODELYARD_ASSIGN(silences_, read_silences(connection_, now_));
    return ok();
  }

  // `happened` has just become of it.
  Status keep(Alert& alert, std::optional<AlertEvent> happened) {
    MODELYARD_TRY(tell(alert, happened));
    const bool is_over =
        alert.state == AlertState::kResolved && !alert.notified && now_ - *alert.resolved > AlertKeeper::kKeepResolved;
    return monitoring::is_quiet(alert) || is_over ? remove_alert(connection_, alert.id)
                                                  : write_alert(connection_, alert);
  }

  // Only if something has to be told.
  Status catch_up(Alert& alert) {
    if (!monitoring::untold_event(alert) || monitoring::is_silenced(alert, silences_, now_)) return ok();
    return keep(alert, std::nullopt);
  }

  Status forget(Alert& alert) {
    alert.state = AlertState::kResolved;
    alert.since = now_;
    alert.resolved = now_;
    if (alert.notified) MODELYARD_TRY(add(alert, AlertEvent::kResolved));
    return remove_alert(connection_, alert.id);
  }

  std::vector<Notification> take_notifications() { return std::move(notifications_); }

 private:
  Status tell(Alert& alert, std::optional<AlertEvent> happened) {
    const auto untold = monitoring::untold_event(alert);
    if (untold && !monitoring::is_silenced(alert, silences_, now_)) return add(alert, *untold);
    if (!happened) return ok();
    Notification kept_back{.event = *happened, .time = now_, .told = false, .alert = alert};
    return outbox_.add(kept_back);
  }

  Status add(Alert& alert, AlertEvent event) {
    monitoring::mark_told(alert, event);
    Notification notification{.event = event, .time = now_, .told = true, .alert = alert};
    MODELYARD_TRY(outbox_.add(notification));
    notifications_.push_back(std::move(notification));
    return ok();
  }

  SqliteConnection& connection_;
  AlertOutbox& outbox_;
  const UtcTime now_;
  std::vector<Silence> silences_;
  std::vector<Notification> notifications_;
};

Status check(const ObservedMonitor& monitor, std::span<const monitoring::Finding> findings) {
  // Without a slash, so that an alert's id can be taken apart.
  MODELYARD_TRY(check_model_name(monitor.name));
  std::set<std::string_view> subjects;
  for (const auto& finding : findings) {
    if (!is_valid_utf8(finding.subject)) {
      return error(Code::kInvalidArgument, "monitor '{}' has a finding whose subject is no UTF-8", monitor.name);
    }
    if (!subjects.insert(finding.subject).second) {
      return error(Code::kInvalidArgument, "monitor '{}' has two findings of '{}'", monitor.name, finding.subject);
    }
  }
  return ok();
}

Status observe_all(SqliteConnection& connection, Keeping& keeping, const ObservedMonitor& monitor,
                   const monitoring::AlertRule& rule, std::span<const monitoring::Finding> findings, UtcTime now) {
  MODELYARD_ASSIGN(AlertsById known, read_alerts(connection, monitor.name));
  for (const monitoring::Finding& finding : findings) {
    const std::string id = monitoring::alert_id(monitor.name, finding.subject);
    const auto node = known.extract(id);
    Alert alert = node.empty() ? Alert{} : node.mapped();
    if (node.empty() && finding.outcome != monitoring::Outcome::kFail) continue;  // nothing worth keeping
    alert.id = id;
    alert.monitor = monitor.name;
    alert.kind = monitor.kind;
    alert.endpoint = monitor.endpoint;
    alert.subject = finding.subject;
    if (node.empty()) alert.since = now;
    const auto event = monitoring::advance(alert, finding, rule, now);
    MODELYARD_TRY(keeping.keep(alert, event));
  }
  for (auto& [id, alert] : known) {  // those that nothing was found of
    if (alert.state == AlertState::kOk) {
      MODELYARD_TRY(remove_alert(connection, id));
    } else {
      MODELYARD_TRY(keeping.keep(alert, monitoring::lapse(alert, now)));
    }
  }
  return ok();
}

auto place_of(const Alert& alert) {
  return std::tuple(alert.state != AlertState::kFiring, alert.severity != monitoring::Severity::kPage,
                    -utc_micros(alert.since), std::string_view(alert.id));
}

bool fits(const AlertFilter& filter, const Alert& alert) {
  return (filter.endpoint.empty() || filter.endpoint == alert.endpoint) &&
         (filter.monitor.empty() || filter.monitor == alert.monitor) &&
         (filter.state ? *filter.state == alert.state : alert.state != AlertState::kOk);
}

}  // namespace

Result<std::unique_ptr<AlertKeeper>> AlertKeeper::open(const std::string& path, const Clock& clock) {
  MODELYARD_ASSIGN(auto connection, open_alert_tables(path));
  return std::unique_ptr<AlertKeeper>(new AlertKeeper(std::move(connection), clock));
}

Status AlertKeeper::change(const std::function<Status(SqliteConnection&, AlertOutbox&)>& work) {
  MODELYARD_TRY(connection_->execute("BEGIN IMMEDIATE"));
  Status done = work(*connection_, outbox_);
  if (done) done = connection_->execute("COMMIT");
  if (!done) (void)connection_->execute("ROLLBACK").has_value();
  return done;
}

Result<std::vector<Notification>> AlertKeeper::observe(const ObservedMonitor& monitor,
                                                       const monitoring::AlertRule& rule,
                                                       std::span<const monitoring::Finding> findings, UtcTime now) {
  MODELYARD_TRY(rule.validate());
  MODELYARD_TRY(check(monitor, findings));
  std::vector<Notification> notifications;
  MutexLock lock(mutex_);
  MODELYARD_TRY(change([&](SqliteConnection& connection, AlertOutbox& outbox) -> Status {
    Keeping keeping(connection, outbox, now);
    MODELYARD_TRY(keeping.begin());
    MODELYARD_TRY(observe_all(connection, keeping, monitor, rule, findings, now));
    notifications = keeping.take_notifications();
    return ok();
  }));
  return notifications;
}

Result<std::vector<Notification>> AlertKeeper::raise(const std::string& monitor, monitoring::Severity severity) {
  std::vector<Notification> notifications;
  MutexLock lock(mutex_);
  MODELYARD_TRY(change([&](SqliteConnection& connection, AlertOutbox& outbox) -> Status {
    Keeping keeping(connection, outbox, clock_.utc_now());
    MODELYARD_TRY(keeping.begin());
    MODELYARD_ASSIGN(AlertsById known, read_alerts(connection, monitor));
    for (auto& [id, alert] : known) {
      const auto event = monitoring::raise(alert, severity);
      if (event) MODELYARD_TRY(keeping.keep(alert, event));
    }
    notifications = keeping.take_notifications();
    return ok();
  }));
  return notifications;
}

Result<std::vector<Notification>> AlertKeeper::forget(const std::string& monitor) {
  if (monitor.empty()) return error(Code::kInvalidArgument, "monitor: name one");
  std::vector<Notification> notifications;
  MutexLock lock(mutex_);
  MODELYARD_TRY(change([&](SqliteConnection& connection, AlertOutbox& outbox) -> Status {
    Keeping keeping(connection, outbox, clock_.utc_now());
    MODELYARD_ASSIGN(AlertsById known, read_alerts(connection, monitor));
    for (auto& [id, alert] : known) MODELYARD_TRY(keeping.forget(alert));
    notifications = keeping.take_notifications();
    return ok();
  }));
  return notifications;
}

Result<Alert> AlertKeeper::acknowledge(const std::string& id, const std::string& by, const std::string& note) {
  if (note.size() > kMostNoteBytes) return error(Code::kInvalidArgument, "note: more than {} bytes", kMostNoteBytes);
  Alert acknowledged;
  MutexLock lock(mutex_);
  MODELYARD_TRY(change([&](SqliteConnection& connection, AlertOutbox&) -> Status {
    MODELYARD_ASSIGN(const AlertsById known, read_alerts(connection, id.substr(0, id.find('/'))));
    const auto found = known.find(id);
    if (found == known.end()) return error(Code::kNotFound, "alert '{}' is not found", id);
    if (found->second.state != AlertState::kFiring) {
      return error(Code::kFailedPrecondition, "alert '{}' is {}: only a firing one can be acknowledged", id,
                   monitoring::alert_state_name(found->second.state));
    }
    acknowledged = found->second;
    acknowledged.acknowledged = monitoring::Acknowledgement{by, clock_.utc_now(), note};
    return write_alert(connection, acknowledged);
  }));
  return acknowledged;
}

Result<Silence> AlertKeeper::silence(Silence silence) {
  const UtcTime now = clock_.utc_now();
  MODELYARD_TRY(monitoring::check_silence(silence, now));
  silence.created = now;
  MutexLock lock(mutex_);
  MODELYARD_TRY(change([&](SqliteConnection& connection, AlertOutbox&) -> Status {
    MODELYARD_ASSIGN(silence.id, add_silence(connection, silence));
    return ok();
  }));
  return silence;
}

Status AlertKeeper::unsilence(const std::string& id) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (failure != std::errc() || end != id.data() + id.size()) {
    return error(Code::kNotFound, "silence '{}' is not found", id);
  }
  MutexLock lock(mutex_);
  MODELYARD_ASSIGN(const std::int64_t removed, remove_silence(*connection_, number));
  return removed > 0 ? ok() : Status(error(Code::kNotFound, "silence '{}' is not found", id));
}

Result<std::vector<Alert>> AlertKeeper::alerts(const AlertFilter& filter) {
  MutexLock lock(mutex_);
  MODELYARD_ASSIGN(const AlertsById known, read_alerts(*connection_, filter.monitor));
  std::vector<Alert> found;
  for (const auto& [id, alert] : known) {
    if (fits(filter, alert)) found.push_back(alert);
  }
  std::ranges::sort(found, {}, place_of);
  return found;
}

Result<std::vector<Silence>> AlertKeeper::silences() {
  MutexLock lock(mutex_);
  return read_silences(*connection_, clock_.utc_now());
}

Result<std::vector<Notification>> AlertKeeper::history(std::int64_t limit) {
  MutexLock lock(mutex_);
  return outbox_.history(limit);
}

Result<std::vector<DeliveryRecord>> AlertKeeper::deliveries(std::int64_t limit) {
  MutexLock lock(mutex_);
  return outbox_.deliveries(limit);
}

Status AlertKeeper::set_routes(std::vector<AlertRoute> routes) {
  MutexLock lock(mutex_);
  return change(
      [&](SqliteConnection&, AlertOutbox& outbox) { return outbox.set_routes(std::move(routes), clock_.utc_now()); });
}

Status AlertKeeper::tend() {
  const UtcTime now = clock_.utc_now();
  MutexLock lock(mutex_);
  return change([&](SqliteConnection& connection, AlertOutbox& outbox) -> Status {
    Keeping keeping(connection, outbox, now);
    MODELYARD_TRY(keeping.begin());
    MODELYARD_ASSIGN(AlertsById known, read_alerts(connection, ""));
    for (auto& [id, alert] : known) MODELYARD_TRY(keeping.catch_up(alert));
    MODELYARD_TRY(remove_silences_before(connection, now));
    return outbox.give_up(now);
  });
}

Result<std::vector<PendingDelivery>> AlertKeeper::due(const std::string& sink, std::int64_t limit) {
  MutexLock lock(mutex_);
  return outbox_.due(sink, clock_.utc_now(), limit);
}

Result<std::optional<UtcTime>> AlertKeeper::next_due(const std::string& sink) {
  MutexLock lock(mutex_);
  return outbox_.next_due(sink);
}

Status AlertKeeper::settle(const DeliveryTry& attempt) {
  MutexLock lock(mutex_);
  return change([&](SqliteConnection&, AlertOutbox& outbox) { return outbox.settle(attempt, clock_.utc_now()); });
}

}  // namespace modelyard::control
