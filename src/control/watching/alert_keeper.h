// AlertKeeper keeps alerts, silences, and what sinks must still be told, in a database of its own
// (docs/formats/alerts.md).
//
// Telling:    what a monitor found becomes alerts by monitoring::advance(); what people have to know of them waits in
//             the outbox until every sink has it or was given up. A silenced alert is not told; when its silence ends,
//             what is still so is told then.
// Durability: what a call has answered is on disk, whatever ends the process or the machine; each call is one
//             transaction.
// Errors:     InvalidArgument; NotFound; FailedPrecondition for an alert that cannot be acknowledged; ResourceExhausted
//             when the disk is full.
// Threads:    any, one at a time; blocks on the disk.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/mutex.h"
#include "control/watching/alert_outbox.h"
#include "monitoring/alerts/silence.h"

namespace modelyard::control {

// Whose findings they are.
struct ObservedMonitor {
  std::string name;  // as check_model_name() has it
  std::string kind;  // drift, quality, …: names the runbook
  std::string endpoint;
};

struct AlertFilter {
  std::string endpoint;  // "" for all
  std::string monitor;
  std::optional<monitoring::AlertState> state;  // without one: all but ok
};

class AlertKeeper {
 public:
  static constexpr std::chrono::hours kKeepResolved{7 * 24};  // and told

  static Result<std::unique_ptr<AlertKeeper>> open(const std::string& path, const Clock& clock);

  // What one window of a monitor says. Subjects that are not among the findings count as without data. The
  // notifications that now wait for sinks: wake the Notifier when there are some.
  Result<std::vector<Notification>> observe(const ObservedMonitor& monitor, const monitoring::AlertRule& rule,
                                            std::span<const monitoring::Finding> findings, UtcTime now);
  // Firing alerts of the monitor that are less urgent than `severity` become so.
  Result<std::vector<Notification>> raise(const std::string& monitor, monitoring::Severity severity);
  // The monitor is gone: its alerts that were told are resolved, and all of them are forgotten.
  Result<std::vector<Notification>> forget(const std::string& monitor);

  // Of a firing alert: somebody looks at it.
  Result<monitoring::Alert> acknowledge(const std::string& id, const std::string& by, const std::string& note);
  // The id and the time of creation are given.
  Result<monitoring::Silence> silence(monitoring::Silence silence);
  Status unsilence(const std::string& id);

  // Firing ones first, pages before tickets, the newest first.
  Result<std::vector<monitoring::Alert>> alerts(const AlertFilter& filter = {});
  Result<std::vector<monitoring::Silence>> silences();
  // What has happened, and what was sent: the newest first.
  Result<std::vector<Notification>> history(std::int64_t limit);
  Result<std::vector<DeliveryRecord>> deliveries(std::int64_t limit);

  // The rest is for a Notifier.
  Status set_routes(std::vector<AlertRoute> routes);
  // Tells what silences that have ended kept back, and gives up what waits for too long.
  Status tend();
  Result<std::vector<PendingDelivery>> due(const std::string& sink, std::int64_t limit);
  Result<std::optional<UtcTime>> next_due(const std::string& sink);
  Status settle(const DeliveryTry& attempt);

 private:
  AlertKeeper(std::unique_ptr<SqliteConnection> connection, const Clock& clock)
      : clock_(clock), connection_(std::move(connection)), outbox_(*connection_) {}

  Status change(const std::function<Status(SqliteConnection& connection, AlertOutbox& outbox)>& work)
      MODELYARD_REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  std::unique_ptr<SqliteConnection> connection_ MODELYARD_GUARDED_BY(mutex_);
  AlertOutbox outbox_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::control
