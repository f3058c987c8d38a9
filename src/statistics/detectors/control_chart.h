// Control charts: CUSUM and EWMA against a mean and a deviation that are given, or learnt from the first values.
//
// Cusum:     S⁺ = max(0, S⁺ + z − k), S⁻ likewise downwards, z in deviations from the mean; a drift beyond h.
// EwmaChart: the weighted mean against limits L·√(λ/(2−λ)·(1−(1−λ)²ᵗ)).
// Mean run lengths to a false alarm (two-sided, normal values, mean and deviation known): Cusum k=½: h=4 → 168, h=5 →
// 465; EwmaChart λ=0.1, L=2.814 → 490 (500 with limits that do not widen with t). With a learnt baseline they differ
// much from stream to stream.
//
// Memory: a few numbers. Source: Montgomery, Introduction to Statistical Quality Control, tables 9.3 and 9.11; Page
// 1954; Roberts, Technometrics 1959.
#pragma once

#include <optional>

#include "statistics/detectors/detector.h"

namespace modelyard::statistics {

struct Baseline {
  double mean = 0;
  double deviation = 1;
};

// Learns mean and deviation (n − 1) from the first values, two at least, and holds them.
class BaselineKeeper {
 public:
  BaselineKeeper(std::optional<Baseline> given, int learnt_from) : given_(given), learnt_from_(learnt_from) {}
  // The value in deviations from the mean; nullopt while learning, which goes on until something has varied.
  std::optional<double> standardized(double value);
  void reset();

 private:
  const std::optional<Baseline> given_;
  const int learnt_from_;
  double count_ = 0, mean_ = 0, squares_ = 0;
};

struct CusumOptions {
  double slack = 0.5;    // k
  double threshold = 5;  // h
  int learnt_from = 30;
  std::optional<Baseline> baseline = {};
};

class Cusum final : public Detector {
 public:
  explicit Cusum(const CusumOptions& options = {})
      : options_(options), baseline_(options.baseline, options.learnt_from) {}
  Change add(double value) override;

 private:
  const CusumOptions options_;
  BaselineKeeper baseline_;
  double up_ = 0, down_ = 0;
};

struct EwmaChartOptions {
  double weight = 0.1;   // λ
  double limit = 2.814;  // L
  int learnt_from = 30;
  std::optional<Baseline> baseline = {};
};

class EwmaChart final : public Detector {
 public:
  explicit EwmaChart(const EwmaChartOptions& options = {})
      : options_(options), baseline_(options.baseline, options.learnt_from) {}
  Change add(double value) override;

 private:
  const EwmaChartOptions options_;
  BaselineKeeper baseline_;
  double mean_ = 0;
  double old_share_ = 1;  // (1−λ)²ᵗ
};

}  // namespace modelyard::statistics
