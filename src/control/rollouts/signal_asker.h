// SignalAsker asks sources for the external signals of rollouts that are under way, and keeps what they say.
//
// Asked:    what a gate in force wants, while the candidate has traffic, once each of the signal's intervals, by one
//           question after the other: a source that lets it wait holds up the others for its timeout, and is
//           asked nothing else for an interval.
// Failures: of a source are logged once until it answers again, its warnings once each rollout and signal; meanwhile the
//           numbers grow stale (external_signal.h).
// Forgets:  what was said of a signal when no gate in force wants it. A restart forgets all; everything is asked anew.
// Threads:  one of its own between start() and stop(); readings() and counts() from any. stop() ends a question that is
//           under way within about a second.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "control/rollouts/rollout_plan.h"
#include "control/rollouts/signal_sources.h"
#include "telemetry/log.h"

namespace modelyard::control {

class SignalAsker {
 public:
  static constexpr std::chrono::seconds kTick{1};

  struct Parts {
    std::function<Result<std::vector<Rollout>>()> live;
    SignalSources& sources;
    telemetry::Log& log;
    const Clock& clock;
  };
  // "value"; "nodata": an answer without one; "error": no answer.
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;  // by source and outcome

  explicit SignalAsker(Parts parts) : parts_(std::move(parts)) {}
  ~SignalAsker() { stop(); }

  void start();
  void stop();
  // Asks what is due. For the thread, and for tests instead of it.
  void step();

  rollout::SignalReadings readings(std::int64_t rollout) const;
  Counts counts() const;

 private:
  using Key = std::pair<std::int64_t, std::string>;  // rollout, signal
  struct Asked {
    SteadyTime next{};
    bool is_silent = false;
    bool has_warned = false;
  };

  void run();
  // Whether it was quick: behind a slow one, what was read of rollouts may be of before.
  bool ask_if_due(const Rollout& rollout, const std::string& name);
  void ask(const Rollout& rollout, const std::string& name, Asked& asked);
  void forget_others(const std::set<Key>& wanted);
  void note(const Rollout& rollout, const std::string& name, const Result<SignalAnswer>& answer, Asked& asked);
  void keep(const Key& key, const std::string& source, UtcTime asked, const Result<SignalAnswer>& answer);

  const Parts parts_;
  std::stop_source stop_;
  std::map<Key, Asked> asked_;                // of the thread
  std::map<std::string, SteadyTime> silent_;  // sources, and until when they are asked nothing; likewise
  mutable Mutex mutex_;
  CondVar wake_;
  std::map<std::int64_t, rollout::SignalReadings> readings_ MODELYARD_GUARDED_BY(mutex_);
  Counts counts_ MODELYARD_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace modelyard::control
