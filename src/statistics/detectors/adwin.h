// ADWIN: a window that grows while its mean stays, and ends when two parts of it differ surely.
//
// The window is kept as an exponential histogram: rows of at most `buckets` buckets of 2ⁱ values each, so that memory
// and a check are logarithmic in its width. Every `clock` values each cut into an old part of n₀ and a new one of n₁
// values is tried; a drift when |μ₀−μ₁| > √(2σ²d/m) + ⅔·d/m, with d = ln(2·ln(W)/δ) and 1/m = 1/(n₀−l+1) + 1/(n₁−l+1).
//
// Memory: O(buckets · log W). Source: Bifet & Gavaldà, Learning from Time-Changing Data with Adaptive Windowing, SDM
// 2007.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

struct AdwinOptions {
  double delta = 0.002;  // probability of a false drift at one check
  int clock = 32;
  int least_part = 5;     // l: values in either part
  int least_values = 10;  // no check before more than these
};

class Adwin final : public Detector {
 public:
  explicit Adwin(const AdwinOptions& options = {}) : options_(options) {}
  Change add(double value) override;

  double width() const { return window_.count; }
  double mean() const { return window_.count > 0 ? window_.sum / window_.count : 0; }

 private:
  static constexpr std::size_t kBuckets = 5;

  // Values taken together: their number, sum, and sum of squared deviations from their mean.
  struct Part {
    double count = 0, sum = 0, squares = 0;
    void join(const Part& other);
  };
  // Oldest bucket first; one place more than a row keeps.
  struct Row {
    std::array<Part, kBuckets + 1> buckets;
    std::size_t size = 0;
  };

  void insert(double value);
  bool has_cut() const;
  bool differ(const Part& old_part, const Part& new_part) const;

  const AdwinOptions options_;
  std::vector<Row> rows_;  // row i has buckets of 2^i values
  Part window_;
  std::uint64_t seen_ = 0;
};

}  // namespace modelyard::statistics
