// The trace that a request belongs to (W3C Trace Context), and whether its spans are wanted.
//
// Source:  W3C Trace Context, level 2 (traceparent, tracestate, the flag `random`); OpenTelemetry's TraceState:
//          Probability Sampling (the threshold `th`, compared with the last 56 bits of the trace id).
// Limits:  a tracestate has at most 512 characters and 32 members; what does not keep to the grammar is none.
// Threads: values; a Sampler from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace modelyard::telemetry {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;  // zeros: none

inline constexpr std::uint8_t kSampledFlag = 1;
inline constexpr std::uint8_t kRandomFlag = 2;  // the last 56 bits of the trace id are random

struct TraceParent {
  TraceId trace{};
  SpanId span{};
  std::uint8_t flags = 0;

  bool is_sampled() const { return (flags & kSampledFlag) != 0; }
};

// None for what a receiver must not take for one: hexadecimal in upper case, ids of zeros, version ff, other lengths.
std::optional<TraceParent> parse_traceparent(std::string_view text);
bool is_tracestate(std::string_view text);

// Keeps a share of the traces, the same ones in every server that keeps as many or more.
class Sampler {
 public:
  // 0 to 1.
  explicit Sampler(double share) { set_share(share); }

  void set_share(double share);
  bool samples(const TraceId& trace) const {
    std::uint64_t random = 0;
    for (std::size_t i = 9; i < trace.size(); ++i) random = random << 8 | trace[i];
    return random >= threshold_.load(std::memory_order_relaxed);
  }
  // What a trace that begins here says of its share: "ot=th:c" for a quarter.
  std::string tracestate() const;

 private:
  static constexpr std::uint64_t kNone = std::uint64_t{1} << 56;

  std::atomic<std::uint64_t> threshold_{kNone};
};

// Where the span of a request belongs: below the caller's span, when the caller keeps this trace; in the trace `fresh`,
// without a parent, when there is no caller to decide and the sampler keeps it; else nowhere.
std::optional<TraceParent> choose_trace(std::string_view traceparent, const TraceId& fresh, const Sampler& sampler);

}  // namespace modelyard::telemetry
