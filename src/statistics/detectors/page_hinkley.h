// Page and Hinkley's test for a moved mean: the sum of deviations from the running mean, against its extreme so far.
//
// Memory: six numbers. Source: Page, Continuous Inspection Schemes, Biometrika 1954; with a fading factor and both
// directions as in river.
#pragma once

#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

enum class Direction { kUp, kDown, kBoth };

struct PageHinkleyOptions {
  double tolerance = 0.005;  // δ: a smaller move does not count
  double threshold = 50;     // λ: what the sum must exceed
  double fading = 0.9999;    // α: the weight of the sum before each value
  int least_values = 30;
  Direction direction = Direction::kBoth;
};

class PageHinkley final : public Detector {
 public:
  explicit PageHinkley(const PageHinkleyOptions& options = {}) : options_(options) {}
  Change add(double value) override;

 private:
  struct State {
    double count = 0, mean = 0;
    double up = 0, lowest = 0;     // sum for a rise
    double down = 0, highest = 0;  // sum for a fall
  };

  const PageHinkleyOptions options_;
  State state_;
};

}  // namespace modelyard::statistics
