// Traffic of a rollout for tests: a candidate and stable whose truth is known, and users that stick to one of them and
// are unlike one another, in how often they fail, how slow and how often right their answers are.
#pragma once

#include <chrono>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "rollout/gates/evidence.h"

namespace modelyard::rollout {

struct ArmTruth {
  double failing = 0.02;
  double times_slower = 1;  // of a median of 10 ms
  double right = 0.9;
  double revenue = 10;
  double first_output = 0.4;  // share of answers in the first bin of three; the others are even
};

class TestTraffic {
 public:
  // Each request is of a user of its own when there are none.
  explicit TestTraffic(std::uint64_t seed, std::uint64_t users = 0) : random_(seed), seed_(seed), users_(users) {}

  double uniform() { return (static_cast<double>(random_.next() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

  // One request, which is the candidate's with this share; users of the candidate stay with it when its share grows.
  void add_request(StepEvidence& step, double share, const ArmTruth& candidate, const ArmTruth& stable) {
    const std::uint64_t unit = users_ > 0 ? trait(random_.next() % users_, 0) : random_.next();
    const bool is_candidate = static_cast<double>(unit >> 11) * 0x1p-53 < share;
    add_request(is_candidate ? step.candidate : step.stable, unit, is_candidate ? candidate : stable);
  }

  void add_request(ArmEvidence& arm, std::uint64_t unit, const ArmTruth& truth) {
    const double failing = truth.failing * fault(unit);
    const double milliseconds = 10 * truth.times_slower * std::exp(0.4 * normal() + 0.5 * slowness(unit));
    add(arm, {.unit_hash = unit,
              .failed = uniform() < failing,
              .latency = std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * milliseconds))});
    const double right = users_ > 0 ? truth.right + (trait(unit, 3) % 2 == 0 ? 0.08 : -0.08) : truth.right;
    (void)add_metric(arm, "accuracy", unit, uniform() < right ? 1 : 0);
    (void)add_metric(arm, "revenue", unit, truth.revenue + 2 * slowness(unit) + normal());
    arm.output_bins = 3;
    const double u = uniform();
    add_output(arm, unit, u < truth.first_output ? 0 : u < (1 + truth.first_output) / 2 ? 1 : 2);
  }

 private:
  // A number that a user has in each run.
  std::uint64_t trait(std::uint64_t user, std::uint64_t kind) const {
    return SeededRandom(user * 0x9E3779B97F4A7C15u + seed_ * 1000 + kind).next();
  }
  // One user of ten has eight tenths of all failures.
  double fault(std::uint64_t unit) const { return users_ == 0 ? 1 : trait(unit, 1) % 10 == 0 ? 8 : 2.0 / 9; }
  // Of variance 1: the sum of twelve even ones.
  double slowness(std::uint64_t unit) const {
    if (users_ == 0) return 0;
    SeededRandom random(trait(unit, 2));
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.next() >> 11) * 0x1p-53;
    return sum;
  }

  SeededRandom random_;
  const std::uint64_t seed_;
  const std::uint64_t users_;
};

}  // namespace modelyard::rollout
