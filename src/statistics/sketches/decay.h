// Decay: weights for values whose importance halves with their age, without touching what was counted before.
//
// Forward decay: a value at time t counts 2^((t−start)/half_life); figures are ratios, so that the common factor of the
// age falls out. Weights grow with time: when renewal() says so, what was counted is scaled by it and the start moves.
//
// Times:  seconds, of any origin; a value that comes late gets the smaller weight of its time.
// Source: Cormode, Shkapenyuk, Srivastava & Xu, Forward Decay, ICDE 2009.
#pragma once

#include <cmath>

namespace modelyard::statistics {

class Decay {
 public:
  // Pre: half_life > 0.
  Decay(double half_life, double start) : half_life_(half_life), start_(start) {}

  double weight_at(double time) const { return std::exp2((time - start_) / half_life_); }
  // 1 as a rule; else the factor for everything counted so far, after which weights begin again near 1.
  double renewal(double time) {
    constexpr double kMostHalves = 64;
    if (time - start_ < kMostHalves * half_life_) return 1;
    const double factor = 1 / weight_at(time);
    start_ = time;
    return factor;
  }

 private:
  const double half_life_;
  double start_;
};

// The mean and the variance (of the population) of values whose importance halves with their age.
class DecayedMoments {
 public:
  DecayedMoments(double half_life, double start) : decay_(half_life, start) {}

  void add(double value, double time) {
    if (!std::isfinite(value) || !std::isfinite(time)) return;
    const double factor = decay_.renewal(time), weight = decay_.weight_at(time);
    weight_ *= factor;
    squares_ *= factor;
    if (!(weight > 0)) return;  // it came too late to weigh anything
    weight_ += weight;
    const double before = value - mean_;
    mean_ += before * weight / weight_;
    squares_ += weight * before * (value - mean_);
  }
  // How many values of this moment it would take to weigh as much.
  double weight(double time) const { return weight_ / decay_.weight_at(time); }
  double mean() const { return weight_ > 0 ? mean_ : std::nan(""); }
  double variance() const { return weight_ > 0 ? squares_ / weight_ : std::nan(""); }

 private:
  Decay decay_;
  double weight_ = 0, mean_ = 0, squares_ = 0;
};

}  // namespace modelyard::statistics
