// HDDM: whether the mean of values in 0 … 1 has moved, with a bound that holds for any distribution.
//
// HddmA compares plain means by Hoeffding's inequality: good for sudden changes. HddmW compares exponentially weighted
// ones by McDiarmid's: good for slow changes.
//
// Memory: a few numbers. Source: Frías-Blanco et al., Online and Non-Parametric Drift Detection Methods Based on
// Hoeffding's Bounds, IEEE TKDE 2015.
#pragma once

#include <limits>

#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

struct HddmOptions {
  double drift_confidence = 0.001;  // probability of a false drift at one value
  double warning_confidence = 0.005;
  bool both_directions = false;  // otherwise a rise only
};

class HddmA final : public Detector {
 public:
  explicit HddmA(const HddmOptions& options = {}) : options_(options) {}
  Change add(double value) override;

 private:
  struct Mean {
    double count = 0, value = 0;
  };
  struct State {
    Mean all;
    Mean low, high;  // `all` when it was surely lowest and highest
  };
  double bound(double count) const;
  bool has_moved(const Mean& cut, double gap, double confidence) const;

  const HddmOptions options_;
  State state_;
};

struct HddmWOptions : HddmOptions {
  double weight = 0.05;  // of each new value
};

class HddmW final : public Detector {
 public:
  explicit HddmW(const HddmWOptions& options = {}) : options_(options) {}
  Change add(double value) override;

 private:
  struct Mean {
    double value = 0;
    double bound = 1;  // Σ of the squared weights
    bool empty = true;
  };
  struct State {
    Mean all;
    Mean before_rise, after_rise, before_fall, after_fall;
    double rise_cut = std::numeric_limits<double>::infinity(), fall_cut = -std::numeric_limits<double>::infinity();
  };
  void take(Mean& mean, double value) const;
  // Moves the cut to here when that is a surer extreme.
  void follow_rise(double value);
  void follow_fall(double value);

  const HddmWOptions options_;
  State state_;
};

}  // namespace modelyard::statistics
