// Traffic is how many requests of a window ended how, and how long the answered ones took.
//
// Latencies: counted in eight buckets an octave from kLeastLatency on, so that a quantile is known to 12.5 %.
// Merge:     exact.
// Form:      JSON, docs/formats/profile.md.
// Threads:   one at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/json.h"

namespace modelyard::monitoring {

// Whose fault a failure is, as it is counted against an endpoint's error objective.
enum class Ending { kAnswered, kRefused /* the request was wrong */, kFailed /* we did not answer a good one */ };
Ending ending_of(std::optional<Code> failure);

class Traffic {
 public:
  static constexpr int kStepsOfOctave = 8, kOctaves = 26;
  static constexpr std::chrono::nanoseconds kLeastLatency{1024};  // 26 octaves up are 68 s

  void add(Ending ending, std::chrono::nanoseconds latency);
  void merge(const Traffic& other);

  std::uint64_t requests() const { return answered() + refused_ + failed_; }
  std::uint64_t answered() const;
  std::uint64_t refused() const { return refused_; }
  std::uint64_t failed() const { return failed_; }
  // Of those that were not refused; 0 without any.
  double failed_share() const;
  // The upper end of its bucket, of answered requests; nothing without any.
  std::optional<std::chrono::nanoseconds> latency(double share) const;
  // How many of the answered ones took longer, counting their bucket when it may hold longer ones.
  std::uint64_t slower_than(std::chrono::nanoseconds limit) const;

 private:
  friend Json to_json(const Traffic& traffic);
  friend Result<Traffic> parse_traffic(const Json& value, const std::string& path);
  static constexpr std::size_t kBuckets = std::size_t{kStepsOfOctave} * kOctaves + 1;
  static std::size_t bucket_of(std::chrono::nanoseconds latency);
  static std::chrono::nanoseconds upper_end(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> latencies_{};
  std::uint64_t refused_ = 0, failed_ = 0;
};

Json to_json(const Traffic& traffic);
Result<Traffic> parse_traffic(const Json& value, const std::string& path);

}  // namespace modelyard::monitoring
