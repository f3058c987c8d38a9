// KSWIN: whether the newest values of a window come from the distribution of the others, by the exact KS test.
//
// Of the older values as many are drawn at random as there are newest ones. After a drift the newest stay in the
// window.
//
// Memory:  the window. Cost: sorting it and a test of `newest`² steps a value, once it is full.
// Numbers: which older values are drawn depends on the seed; river draws others, so that alarms differ by some values.
// Source:  Raab, Heusinger & Schleif, Reactive Soft Prototype Computing for Concept Drift Streams, Neurocomputing 2020.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

struct KswinOptions {
  double alpha = 0.005;
  std::size_t window = 100;
  std::size_t newest = 30;  // at most half of the window
  double least_gap = 0.1;   // a smaller KS statistic is no drift
  std::uint64_t seed = 1;
};

class Kswin final : public Detector {
 public:
  explicit Kswin(const KswinOptions& options = {});
  Change add(double value) override;

 private:
  const KswinOptions options_;
  SeededRandom random_;
  std::vector<double> window_;  // oldest first
};

}  // namespace modelyard::statistics
