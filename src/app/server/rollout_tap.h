// RolloutTap counts what the arms of rollouts answer on one loop, shadows among them.
//
// Faults: what the caller did wrong, or did not wait for, says nothing of a version and is not counted
//         (serving::is_versions_fault).
#pragma once

#include "control/rollouts/exposure_counter.h"
#include "serving/tap.h"

namespace modelyard::app {

class RolloutTap final : public serving::Tap {
 public:
  Status promise() override { return ok(); }
  std::uint64_t on_end(const serving::Ended& ended) override;
  void on_fallback(const serving::Ended& ended) override;
  void on_shadow(const serving::Shadowed& shadowed) override;

  control::ExposureCounter& counter() { return counter_; }

 private:
  void count(const serving::Ended& ended);

  control::ExposureCounter counter_;
};

}  // namespace modelyard::app
