// Watcher keeps what the event loops have profiled, and lets the monitors judge each window when it has ended.
//
// Windows:  of the width of `window` and at its multiples of UTC; a monitor's own window ends at the multiples of its
//           own width, and is judged at the first tick at or after its end. Windows that ended while the server was
//           down are not judged.
// Order:    all that is due is judged, then told: what fails is explained by what else was found of its endpoint, and a
//           change of data becomes more urgent while answers have become worse (AlertRule::with_loss).
// Failures: what cannot be kept or judged is logged, once until it works again, and the next window is tried as usual.
// Threads:  one of its own between start() and stop(); the rest from any.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "control/watching/alert_keeper.h"
#include "control/watching/monitor_judge.h"
#include "telemetry/log.h"

namespace modelyard::control {

// How a monitor stands.
struct WatchedMonitor {
  std::string endpoint;
  monitoring::Monitor monitor;
  std::optional<UtcTime> judged;  // the end of the last window
  std::vector<monitoring::Finding> findings;
};

// What there is to count, without touching the disk.
struct WatchFigures {
  struct OfMonitor {
    std::string endpoint, monitor, kind;
    std::vector<monitoring::Finding> findings;
  };
  std::vector<OfMonitor> monitors;                                               // that have judged a window
  std::map<std::pair<std::string, monitoring::Severity>, std::uint64_t> firing;  // alerts, by endpoint
};

class Watcher {
 public:
  using TakeProfiles = std::function<std::vector<monitoring::StreamProfile>()>;

  struct Parts {
    registry::Catalog& catalog;
    monitoring::ProfileStore& profiles;
    MonitorJudge& judge;
    AlertKeeper& alerts;
    TakeProfiles take;
    std::function<void()> on_alerts;  // notifications wait
    telemetry::Log& log;
    const Clock& clock;
  };

  Watcher(Parts parts, std::chrono::seconds window);
  ~Watcher() { stop(); }

  void start();
  // Keeps what was profiled since the last window.
  void stop();

  // What start()'s thread does at the end of each window.
  void tick();
  // Keeps what was profiled until now.
  void keep_profiles();
  // What the monitor finds now, of the window that ends now; nothing comes of it. NotFound.
  Result<std::vector<monitoring::Finding>> test(const std::string& endpoint, const std::string& monitor);
  // "": of all endpoints.
  Result<std::vector<WatchedMonitor>> monitors(const std::string& endpoint);
  WatchFigures figures();

 private:
  struct Seen {
    std::string endpoint, monitor;
    monitoring::MonitorKind kind{};
    std::string form;  // as it was written
    UtcTime due{};     // the end of the window that is judged next
    std::optional<UtcTime> judged;
    std::vector<monitoring::Finding> findings;
  };
  struct Due {
    registry::EndpointRecord endpoint;
    monitoring::Monitor monitor;
    std::string form;
  };

  struct JudgedWindow {
    const Due* due;
    UtcTime end;
    std::vector<monitoring::Finding> findings;
  };

  void run();
  Result<std::vector<Due>> configured(const std::string& endpoint);
  // When its window has ended.
  std::optional<JudgedWindow> judge(const Due& due, UtcTime now);
  // Whether a window of it has ended; it begins anew when it has changed.
  bool is_due(const Due& due, UtcTime end, UtcTime now);
  // Adds likely causes to what has failed.
  Status explain(JudgedWindow& judged);
  void observe(const JudgedWindow& judged, UtcTime now);
  // Ends alerts of monitors that are gone, raises those that answers have become worse beside, and counts the others.
  void look_at_alerts(const std::vector<Due>& all);
  Status raise(const std::vector<Due>& all, const std::vector<monitoring::Alert>& alerts);
  Status keep() MODELYARD_REQUIRES(keeping_);
  void forget(const std::string& name);
  void report(std::string_view what, const Status& status);

  static constexpr std::size_t kMostUnkept = 1000;

  const Parts parts_;
  const std::chrono::seconds window_;
  Mutex keeping_;  // from the taking to the keeping: nothing is judged in between
  std::vector<monitoring::StreamProfile> unkept_ MODELYARD_GUARDED_BY(keeping_);  // the disk did not take them
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::map<std::string, Seen, std::less<>> seen_ MODELYARD_GUARDED_BY(mutex_);  // by qualified name
  std::set<std::string, std::less<>> failing_ MODELYARD_GUARDED_BY(mutex_);
  decltype(WatchFigures::firing) firing_ MODELYARD_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace modelyard::control
