// RolloutTap counts what the arms of rollouts answer on one loop.
//
// Faults: what the caller did wrong, or did not wait for, says nothing of a version and is not counted. Inputs that fit
//         and that the engine fails on do: the other version may well answer them.
#pragma once

#include "control/rollouts/exposure_counter.h"
#include "serving/tap.h"

namespace modelyard::app {

class RolloutTap final : public serving::Tap {
 public:
  Status promise() override { return ok(); }
  std::uint64_t on_end(const serving::Ended& ended) override;

  control::ExposureCounter& counter() { return counter_; }

 private:
  control::ExposureCounter counter_;
};

}  // namespace modelyard::app
