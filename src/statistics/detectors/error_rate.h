// DDM and EDDM: whether a model's errors (1; 0 otherwise) have become more frequent.
//
// Ddm keeps the lowest p + s of the error rate p with s = √(p(1−p)/n); a rate beyond p_min + 2·s_min warns, beyond +
// 3·s_min is a drift. Eddm looks at the distances between errors: mean + 2 deviations, against the largest seen; it
// finds slow changes, and alarms falsely more often.
//
// Memory: a few numbers. Sources: Gama et al., Learning with Drift Detection, SBIA 2004; Baena-García et al., Early
// Drift Detection Method, 2006.
#pragma once

#include <limits>

#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

struct DdmOptions {
  int least_values = 30;
  double warning_deviations = 2;
  double drift_deviations = 3;
};

class Ddm final : public Detector {
 public:
  explicit Ddm(const DdmOptions& options = {}) : options_(options) {}
  Change add(double value) override;

 private:
  struct State {
    double count = 0, rate = 0;
    double lowest_rate = 0, lowest_deviation = std::numeric_limits<double>::infinity();
  };

  const DdmOptions options_;
  State state_;
};

struct EddmOptions {
  int least_errors = 30;
  double warning_share = 0.95;
  double drift_share = 0.9;
};

class Eddm final : public Detector {
 public:
  explicit Eddm(const EddmOptions& options = {}) : options_(options) {}
  Change add(double value) override;

 private:
  struct State {
    double count = 0, last_error = 0;
    double errors = 0, mean = 0, squares = 0;  // of the distances
    double largest = -1;
    bool warned = false;
  };

  const EddmOptions options_;
  State state_;
};

}  // namespace modelyard::statistics
