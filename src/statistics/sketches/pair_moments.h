// PairMoments: means, variances and covariance of a stream of pairs, such as what a unit has done and how often it was
// asked.
//
// Merge:  exact, but for rounding: the result does not depend on how the stream was parted.
// Values: finite, and at most kLargest; a pair with another value is counted as left out, and enters nothing else.
// Cost:   some nanoseconds a pair, no allocation.
// Source: Pébay, Sandia 2008.
#pragma once

#include <cmath>
#include <cstdint>

#include "statistics/hypotheses/means.h"

namespace modelyard::statistics {

class PairMoments {
 public:
  static constexpr double kLargest = 1e100;

  void add(double x, double y) {
    if (!(std::abs(x) <= kLargest && std::abs(y) <= kLargest)) {
      ++left_out_;
      return;
    }
    count_ += 1;
    const double gap_x = x - mean_x_, gap_y = y - mean_y_;
    mean_x_ += gap_x / count_;
    mean_y_ += gap_y / count_;
    xx_ += gap_x * (x - mean_x_);
    yy_ += gap_y * (y - mean_y_);
    xy_ += gap_x * (y - mean_y_);
  }

  void merge(const PairMoments& other) {
    left_out_ += other.left_out_;
    if (other.count_ == 0) return;
    const double n = count_ + other.count_, part = other.count_ / n;
    const double gap_x = other.mean_x_ - mean_x_, gap_y = other.mean_y_ - mean_y_;
    xx_ += other.xx_ + gap_x * gap_x * count_ * part;
    yy_ += other.yy_ + gap_y * gap_y * count_ * part;
    xy_ += other.xy_ + gap_x * gap_y * count_ * part;
    mean_x_ += gap_x * part;
    mean_y_ += gap_y * part;
    count_ = n;
  }

  double count() const { return count_; }
  std::uint64_t left_out() const { return left_out_; }
  double covariance() const { return xy_ / (count_ - 1); }  // of the sample; NaN below two pairs, as the variances
  MeanAndVariance x() const { return {count_, mean_x_, xx_ / (count_ - 1)}; }
  MeanAndVariance y() const { return {count_, mean_y_, yy_ / (count_ - 1)}; }

 private:
  double count_ = 0;
  double mean_x_ = 0, mean_y_ = 0;
  double xx_ = 0, yy_ = 0, xy_ = 0;  // sums of products of deviations
  std::uint64_t left_out_ = 0;
};

}  // namespace modelyard::statistics
