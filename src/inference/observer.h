// InferObserver is told what happened to a prediction, after its answer was formed. The list of observers
// is fixed at start.
//
// Threads: called on the thread that finished the request; implementations share nothing between threads.
// Order:   exactly once for each request that reached routing.
// Errors:  none: an observer never blocks and never fails; when it cannot keep up, it drops and counts.
#pragma once

#include <chrono>
#include <string_view>

#include "base/names.h"
#include "base/result.h"
#include "base/uuid.h"

namespace modelyard::inference {

struct Finished {
  std::string_view protocol;  // "oip", "tfs"
  std::string_view endpoint;
  std::string_view model;        // "" when routing failed
  VersionNumber version = 0;
  Uuid prediction_id;
  std::optional<Code> failure;   // nullopt: answered
  std::int64_t rows = 0;
  std::chrono::nanoseconds queued{0};
  std::chrono::nanoseconds computed{0};
  std::chrono::nanoseconds total{0};
};

class InferObserver {
 public:
  virtual ~InferObserver() = default;
  virtual void on_finished(const Finished& finished) noexcept = 0;
};

}  // namespace modelyard::inference
