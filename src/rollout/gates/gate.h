// Gate is one line of what a candidate has to keep: a signal, a limit, and how sure one wants to be.
//
// Form:    SIGNAL <=|>= LIMIT [at 95%] [over 10m] [min 500] [nodata hold|fail|pass], words apart by spaces; clauses in
//          any order, each at most once.
//   signal                                      compared  limits
//   error_rate, timeout_rate, nonfinite_rate    <=        0.5%, stable, stable + 0.2%, stable * 1.5
//   p50_ms, p90_ms, p95_ms, p99_ms, p99.9_ms    <=        40, stable, stable + 5, stable * 1.1
//   accuracy                                    >=        0.9, 90%, stable, stable - 0.01, stable * 0.99
//   disagreement                                <=        2%
//   output_distance                             <=        0.1: total variation, a share of answers
//   metric:NAME                                 both      5, stable, stable - 0.5, stable * 0.95
//   signal:NAME                                 both      5: external_signal.h; of clauses `nodata` alone
// Clauses: `at`: the gate's own confidence, else its part of the rollout's alpha. `over`: only evidence of the last so
//          long, else all of the rollout. `min`: samples of the candidate that it begins with, 100. `nodata`: what is
//          to be done when time is up without them, hold.
// Units:   rates from 0 to 1 (written with %, for 0.5 is as often meant as half a percent), milliseconds, or a metric's
//          own.
// Errors:  InvalidArgument with the line, the word it is about, and what to write instead.
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace modelyard::rollout {

enum class Signal {
  kErrorRate,
  kTimeoutRate,
  kNonfiniteRate,
  kLatency,
  kAccuracy,
  kDisagreement,
  kOutputDistance,
  kMetric,
  kExternal
};
enum class Comparison { kAtMost, kAtLeast };
enum class RelativeTo { kNothing, kStableTimes, kStablePlus };
enum class OnNoData { kHold, kFail, kPass };

struct Gate {
  static constexpr std::size_t kLongestText = 200;
  static constexpr std::size_t kLongestMetric = 64;  // of [a-z0-9_.-]
  static constexpr std::uint64_t kDefaultLeastSamples = 100, kMostLeastSamples = 1'000'000'000;
  static constexpr double kLeastConfidence = 0.5;
  static constexpr std::chrono::seconds kLeastWindow{10}, kMostWindow = std::chrono::days(31);

  std::string text;  // as it was written
  Signal signal{};
  std::string metric;   // kMetric and kAccuracy: under which name its values are posted; kExternal: its name
  double quantile = 0;  // kLatency
  Comparison comparison{};
  RelativeTo relative{};
  double limit = 0;  // absolute; or the factor, or what is added to stable
  std::optional<double> confidence;
  std::optional<std::chrono::seconds> window;
  std::uint64_t least_samples = kDefaultLeastSamples;
  OnNoData on_no_data = OnNoData::kHold;

  bool is_relative() const { return relative != RelativeTo::kNothing; }
  bool is_external() const { return signal == Signal::kExternal; }
};

// What metrics and external signals may be called.
bool is_metric_name(std::string_view name);

Result<Gate> parse_gate(std::string_view text);

inline constexpr std::size_t kMostGates = 64;
// Refuses two gates that say the same of a signal, whatever their clauses but for the window and the least samples.
Result<std::vector<Gate>> parse_gates(std::span<const std::string> lines);

// The one way to write a gate: what is default is left out. parse_gate() of it is the same gate.
std::string canonical_text(const Gate& gate);
// "error_rate", "p99.9_ms", "metric:revenue": of canonical_text().
std::string signal_text(const Gate& gate);

}  // namespace modelyard::rollout
