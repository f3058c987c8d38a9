// LabelCounter has the evidence of gates on accuracy counted while rollouts go on, as labels come.
//
// Counted:  anew each time, so that labels may come late, twice, or be taken back, and a kill loses nothing.
// Pace:     it rests ten times as long as it has worked, and at least kLeastRest: a long journal costs a tenth of a core.
// Failures: are logged, once until one succeeds again; until then gates on accuracy have no data. More labelled rows
//           since the rollout began than Evaluator::kMostRows are such a failure.
// Threads:  one of its own between its making and its end.
#pragma once

#include <thread>

#include "base/mutex.h"
#include "control/predictions/evaluator.h"
#include "control/rollouts/rollout_driver.h"

namespace modelyard::control {

class LabelCounter {
 public:
  static constexpr std::chrono::milliseconds kLeastRest{1000};

  struct Parts {
    RolloutDriver& driver;
    registry::Catalog& catalog;
    Evaluator& evaluator;
    telemetry::Log& log;
    const Clock& clock;
  };

  explicit LabelCounter(Parts parts) : parts_(parts), thread_([this] { run(); }) {}
  ~LabelCounter();

 private:
  void run();
  Status count_all();
  Status count(const Rollout& rollout);

  const Parts parts_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // the last: it uses the others
};

}  // namespace modelyard::control
