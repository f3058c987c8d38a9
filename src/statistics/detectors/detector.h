// A Detector watches one number, value by value, and says when its mean has changed.
//
// After kDrift it forgets what it has seen and begins again with the next value; kWarning changes nothing.
// Values:  finite; detectors of error rates (DDM, EDDM, HDDM) want 1 for an error and 0 otherwise, HDDM-A and HDDM-W
//          any number in 0 … 1. What is not finite, or beyond ±1e100, is passed over and never alarms.
// Threads: none; one owner.
// Memory:  bounded, said by each.
// Numbers: positions of alarms equal river 0.26.1's with the same settings, but where a detector says otherwise.
#pragma once

#include <cmath>

namespace modelyard::statistics {

// Sums of squares of such values stay finite. False for NaN.
inline bool can_be_watched(double value) {
  return std::abs(value) <= 1e100;
}

enum class Change { kNone, kWarning, kDrift };

class Detector {
 public:
  virtual ~Detector() = default;
  virtual Change add(double value) = 0;
};

}  // namespace modelyard::statistics
