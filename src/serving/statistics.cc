#include "serving/statistics.h"

#include <algorithm>

namespace modelyard::serving {
namespace {

template <typename Value>
std::uint64_t sum_outcomes(const VersionTotals& totals, int first, int last, Value value) {
  std::uint64_t sum = 0;
  for (const auto& protocol : totals.latency) {
    for (int outcome = first; outcome < last; ++outcome) sum += value(protocol[static_cast<std::size_t>(outcome)]);
  }
  return sum;
}

}  // namespace

std::string_view protocol_name(Protocol protocol) {
  constexpr std::array<std::string_view, kProtocols> kNames{"oip", "tfs", "oip_grpc", "tfs_grpc"};
  return kNames[static_cast<std::size_t>(protocol)];
}

std::string_view outcome_name(int outcome) {
  return outcome == 0 ? "ok" : code_name(static_cast<Code>(outcome - 1));
}

std::uint64_t LatencyHistogram::count() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t bucket : counts) sum += bucket;
  return sum;
}

std::uint64_t VersionTotals::answered() const {
  return sum_outcomes(*this, 0, 1, [](const LatencyHistogram& histogram) { return histogram.count(); });
}
std::uint64_t VersionTotals::failed() const {
  return sum_outcomes(*this, 1, kOutcomes, [](const LatencyHistogram& histogram) { return histogram.count(); });
}
std::uint64_t VersionTotals::answered_nanoseconds() const {
  return sum_outcomes(*this, 0, 1, [](const LatencyHistogram& histogram) { return histogram.nanoseconds; });
}
std::uint64_t VersionTotals::failed_nanoseconds() const {
  return sum_outcomes(*this, 1, kOutcomes, [](const LatencyHistogram& histogram) { return histogram.nanoseconds; });
}

void VersionCounters::count(Protocol protocol, int outcome, std::int64_t rows, const Durations& durations,
                            std::int64_t now_ms) {
  Histogram& histogram = latency_[static_cast<std::size_t>(protocol)][static_cast<std::size_t>(outcome)];
  const double seconds = std::chrono::duration<double>(durations.total).count();
  const auto bucket = std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), seconds) - kLatencyBounds.begin();
  add(histogram.counts[static_cast<std::size_t>(bucket)], 1);
  add(histogram.nanoseconds, static_cast<std::uint64_t>(durations.total.count()));
  last_request_ms_.store(static_cast<std::uint64_t>(now_ms), std::memory_order_relaxed);
  if (outcome != 0) return;
  add(rows_, static_cast<std::uint64_t>(rows));
  if (durations.from_cache) {
    add(cache_hits_, 1);
    add(cache_hit_nanoseconds_, static_cast<std::uint64_t>(durations.total.count()));
    return;
  }
  if (durations.run_rows > 0) count_run(durations);
  add(queued_, static_cast<std::uint64_t>(durations.queued.count()));
  add(prepared_, static_cast<std::uint64_t>(durations.prepared.count()));
  add(computed_, static_cast<std::uint64_t>(durations.computed.count()));
  const auto left = durations.total - durations.queued - durations.prepared - durations.computed;
  add(handed_over_, static_cast<std::uint64_t>(std::max(left, std::chrono::nanoseconds(0)).count()));
}

void VersionCounters::count_run(const Durations& durations) {
  add(executions_, 1);
  for (std::size_t i = 0; i < kRunSlots; ++i) {
    RunSlot& slot = runs_[(static_cast<std::size_t>(durations.run_rows) + i) % kRunSlots];
    const std::int64_t rows = slot.rows.load(std::memory_order_relaxed);
    if (rows != 0 && rows != durations.run_rows) continue;
    slot.rows.store(durations.run_rows, std::memory_order_relaxed);
    add(slot.runs, 1);
    add(slot.prepared, static_cast<std::uint64_t>(durations.prepared.count()));
    return add(slot.computed, static_cast<std::uint64_t>(durations.computed.count()));
  }
}

void VersionCounters::add_to(VersionTotals& totals) const {
  for (std::size_t p = 0; p < latency_.size(); ++p) {
    for (std::size_t o = 0; o < latency_[p].size(); ++o) {
      for (std::size_t b = 0; b < latency_[p][o].counts.size(); ++b) {
        totals.latency[p][o].counts[b] += latency_[p][o].counts[b].load(std::memory_order_relaxed);
      }
      totals.latency[p][o].nanoseconds += latency_[p][o].nanoseconds.load(std::memory_order_relaxed);
    }
  }
  totals.rows += rows_.load(std::memory_order_relaxed);
  totals.executions += executions_.load(std::memory_order_relaxed);
  totals.cache_hits += cache_hits_.load(std::memory_order_relaxed);
  totals.cache_hit_nanoseconds += cache_hit_nanoseconds_.load(std::memory_order_relaxed);
  totals.queued += queued_.load(std::memory_order_relaxed);
  totals.prepared += prepared_.load(std::memory_order_relaxed);
  totals.computed += computed_.load(std::memory_order_relaxed);
  totals.handed_over += handed_over_.load(std::memory_order_relaxed);
  for (const RunSlot& slot : runs_) {
    const std::int64_t rows = slot.rows.load(std::memory_order_relaxed);
    if (rows == 0) continue;
    RunTotals& run = totals.runs[rows];
    run.runs += slot.runs.load(std::memory_order_relaxed);
    run.prepared += slot.prepared.load(std::memory_order_relaxed);
    run.computed += slot.computed.load(std::memory_order_relaxed);
  }
  totals.last_request_ms = std::max(totals.last_request_ms, last_request_ms_.load(std::memory_order_relaxed));
}

}  // namespace modelyard::serving
