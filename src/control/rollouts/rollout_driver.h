// RolloutDriver moves rollouts: it starts them, takes what a person orders, and looks at each that is live once a tick.
//
// A look:    what the loops have counted goes to the evidence, which is kept; gates judge it, the machine decides; a
//            change of state is one transaction with the plan that follows from it, its event and its audit row.
// Restart:   state and evidence are in the catalog; what was counted since the last look before a kill is lost, nothing
//            is counted twice.
// Failures:  of a look are logged, once until one succeeds again, and the next tick tries anew. A rollout that cannot be
//            read does not keep others from being looked at.
// Threads:   one of its own between start() and stop(); the rest from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "control/actor.h"
#include "control/rollouts/exposure_counter.h"
#include "control/rollouts/rollout_plan.h"
#include "control/rollouts/settling_units.h"
#include "control/rollouts/signal_sources.h"
#include "lifecycle/reconciler.h"
#include "rollout/gates/course.h"
#include "rollout/gates/windows.h"
#include "rollout/machine/command.h"
#include "telemetry/log.h"

namespace modelyard::control {

// What there is to count, without touching the disk.
struct RolloutFigures {
  struct One {
    std::int64_t id = 0;
    std::string endpoint;
    VersionRef candidate;
    std::string phase;
    int weight = 0;                        // of the candidate, in parts of 10,000
    std::uint64_t candidate_requests = 0;  // in this step; copies of a shadow among them
    std::uint64_t dropped_copies = 0;      // since the start of the server, likewise
    std::uint64_t fallbacks = 0;
  };
  std::vector<One> live;
  std::map<std::string, std::uint64_t> ended;  // since the start, by how
};

class RolloutDriver {
 public:
  static constexpr std::chrono::milliseconds kTick{250};
  // Between two looks at a candidate that has failed since: a breach is seen half a second after it can be, and a
  // candidate that fails now and then is not judged at every tick.
  static constexpr std::chrono::milliseconds kFaultPause{500};

  // A request that takes longer is seen as missing from the split until it has ended.
  static constexpr std::chrono::seconds kSettledAfter{10};

  struct Parts {
    registry::Catalog& catalog;
    lifecycle::Reconciler& reconciler;
    std::vector<ExposureCounter*> counters;  // of loops
    telemetry::Log& log;
    const Clock& clock;
    const SignalSources& signal_sources;
    // What they have said of a rollout; asked under the driver's lock.
    std::function<rollout::SignalReadings(std::int64_t)> signals = [](std::int64_t) {
      return rollout::SignalReadings();
    };
    // One has begun, has moved, or is under way when it is looked at for the first time.
    std::function<void(const Rollout&)> on_change = [](const Rollout&) {};
  };

  explicit RolloutDriver(Parts parts) : parts_(std::move(parts)) {}
  ~RolloutDriver() { stop(); }

  void start();
  // What was counted is kept.
  void stop();
  // What start()'s thread does.
  void tick();
  // What is live is read again at the next look. Any thread, without waiting.
  void catalog_changed() { stale_.store(true); }

  // The document is a RolloutSpec. FailedPrecondition when the endpoint serves no version alone, Conflict when it has a
  // rollout under way, Unimplemented for what is not there yet.
  Result<Rollout> begin(const std::string& endpoint, const Json& document, const Actor& actor);
  // NotFound; what rollout::command() refuses.
  Result<Rollout> command(std::int64_t id, rollout::Command command, const std::string& reason, const Actor& actor);
  // With the verdicts of the last look.
  Result<Rollout> find(std::int64_t id);
  Result<std::vector<Rollout>> list(const std::string& endpoint);
  // What is kept of it, as of the last look that had news: rollout_report.h.
  Result<Json> report(std::int64_t id);
  RolloutFigures figures();

  // Those that are under way; a single one that cannot be read is left out, and logged by the next look.
  Result<std::vector<Rollout>> live();
  // All that labels say of its arms by now; it is asked beside what the loops have counted. None: they could not be asked.
  void set_labelled(std::int64_t id, std::optional<rollout::Evidence> labelled);
  // Counted beside what the loops count, and on disk when it returns. FailedPrecondition when the rollout is over.
  Status add_values(std::int64_t id, const rollout::Evidence& values);

 private:
  using Placed = SettlingUnits::Place;

  struct Asides {
    std::uint64_t dropped_copies = 0, fallbacks = 0;
  };
  struct Live {
    Rollout rollout;
    registry::EndpointRecord endpoint;
  };

  void run();
  // Those that cannot be understood are left out, and the last of them is told.
  Status read_live(Status& of_single_ones) MODELYARD_REQUIRES(mutex_);
  Status look_at_all() MODELYARD_REQUIRES(mutex_);
  Status look_at(const Live& live, const lifecycle::LifecycleStatus& status) MODELYARD_REQUIRES(mutex_);
  void place(const Rollout& rollout, registry::Revision plan) MODELYARD_REQUIRES(mutex_);
  void count() MODELYARD_REQUIRES(mutex_);
  void count_settled_units() MODELYARD_REQUIRES(mutex_);
  Result<rollout::WindowedEvidence*> evidence_of(const Rollout& rollout) MODELYARD_REQUIRES(mutex_);
  void follow(const Rollout& rollout, const rollout::Look& look) MODELYARD_REQUIRES(mutex_);
  Status keep_evidence(std::int64_t id) MODELYARD_REQUIRES(mutex_);
  Result<rollout::Look> see(const Live& live, const lifecycle::LifecycleStatus& status) MODELYARD_REQUIRES(mutex_);
  Status keep(const Rollout& before, const rollout::RolloutState& next, const Actor& actor, std::string_view action)
      MODELYARD_REQUIRES(mutex_);
  void report(const Status& status) MODELYARD_REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;  // one look or order at a time
  CondVar wake_;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool failing_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::atomic<bool> stale_{true};  // live_, since the catalog has changed
  std::vector<Live> live_ MODELYARD_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::int64_t>, Placed> placed_ MODELYARD_GUARDED_BY(mutex_);   // by plan
  std::map<std::int64_t, rollout::WindowedEvidence> evidence_ MODELYARD_GUARDED_BY(mutex_);      // of live ones
  std::map<std::int64_t, rollout::Evidence> labelled_ MODELYARD_GUARDED_BY(mutex_);              // likewise
  std::map<std::int64_t, rollout::Courses> courses_ MODELYARD_GUARDED_BY(mutex_);                // likewise
  std::map<std::int64_t, std::vector<rollout::Verdict>> verdicts_ MODELYARD_GUARDED_BY(mutex_);  // of the last look
  SettlingUnits settling_ MODELYARD_GUARDED_BY(mutex_);
  std::map<std::int64_t, Asides> asides_ MODELYARD_GUARDED_BY(mutex_);
  std::map<std::int64_t, UtcTime> looked_ MODELYARD_GUARDED_BY(mutex_);
  std::set<std::int64_t> faulty_ MODELYARD_GUARDED_BY(mutex_);  // their candidates have failed since the last look
  std::set<std::int64_t> unkept_ MODELYARD_GUARDED_BY(mutex_);  // their evidence or courses have grown
  RolloutFigures drawn_up_ MODELYARD_GUARDED_BY(mutex_);        // in this look
  Mutex figures_mutex_;                                         // held for a copy: figures() is asked on event loops
  RolloutFigures figures_ MODELYARD_GUARDED_BY(figures_mutex_);
  std::thread thread_;
};

}  // namespace modelyard::control
