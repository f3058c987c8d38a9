// Scheduling is how an endpoint wants its requests queued, batched and limited. The names and meanings of batching and
// queueing are those of Triton's model configuration.
//
// Units:   rows, requests, microseconds.
// Errors:  parse_scheduling() answers InvalidArgument naming the field, also for settings that contradict one another.
// Threads: a value; EndpointLimits from any loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "lifecycle/recording.h"
#include "lifecycle/response_cache.h"

namespace modelyard::lifecycle {

struct QueuePolicy {
  enum class TimeoutAction { kReject, kDelay };  // kDelay: behind all that is in time

  std::int64_t max_queue_size = 0;               // 0: the server's queue_capacity
  std::chrono::microseconds default_timeout{0};  // in the queue; 0: none
  TimeoutAction timeout_action = TimeoutAction::kReject;

  friend bool operator==(const QueuePolicy&, const QueuePolicy&) = default;
};

struct Scheduling {
  std::int64_t max_batch_size = 0;                 // rows; 0: what warm-up found to be worth it; 1: none shares a run
  std::vector<std::int64_t> preferred_batch_size;  // rows, ascending
  std::chrono::microseconds max_queue_delay{0};    // how long a request may wait for others
  bool preserve_ordering = false;                  // answers leave in the order requests came
  int priority_levels = 2;                         // 1 is the highest
  int default_priority_level = 2;                  // of requests that name none, or one that is not there
  QueuePolicy queue_policy;
  std::map<int, QueuePolicy> priority_queue_policy;
  int instances = 0;                      // runs of a version at the same time; 0: the server's workers_per_version
  int intra_op_threads = 0;               // engine threads of one run; 0: the server's intra_op_threads
  std::int64_t max_in_flight = 0;         // requests at the same time; 0: no limit
  double requests_per_second = 0;         // 0: no limit
  std::int64_t burst = 0;                 // requests at once, above the rate; 0: a tenth of a second's
  std::int64_t response_cache_bytes = 0;  // of answers that are given again to equal requests; 0: none

  const QueuePolicy& policy_of(int level) const;
  // Requests that may wait in a level; `general` is of levels whose policy names none.
  std::size_t capacity_of(int level, std::size_t general) const;
  // The level of a request that asks for `priority`; 0 asks for none.
  int level_of(std::int64_t priority) const;
  // Of a run that requests share; `worth_it` is what warm-up found, at most 1 when they may not.
  std::int64_t most_rows(std::int64_t worth_it) const {
    return max_batch_size > 0 && worth_it > 1 ? max_batch_size : worth_it;
  }
  // Whether requests may run on their event loop, and need no queue that knows their order.
  bool may_run_at_once() const {
    return max_queue_delay.count() == 0 && preferred_batch_size.empty() && !preserve_ordering;
  }
  bool is_limited() const { return max_in_flight > 0 || requests_per_second > 0; }

  friend bool operator==(const Scheduling&, const Scheduling&) = default;
};

// {"max_batch_size", "preferred_batch_size", "max_queue_delay_microseconds", "preserve_ordering", "priority_levels",
// "default_priority_level", "queue_policy": {"max_queue_size", "default_timeout_microseconds", "timeout_action"},
// "priority_queue_policy": {LEVEL: policy}, "instances", "intra_op_threads", "max_in_flight", "requests_per_second",
// "burst", "response_cache_bytes"}; what is not named has its default.
Result<Scheduling> parse_scheduling(const Json& value);

// What an endpoint's requests count against; shared by all loops.
class EndpointLimits {
 public:
  explicit EndpointLimits(const Scheduling& scheduling);

  // ResourceExhausted, and then leave() must not be called.
  Status enter(SteadyTime now, std::string_view endpoint);
  void leave();
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  bool take_from_rate(SteadyTime now);

  const std::int64_t max_in_flight_;
  const std::chrono::nanoseconds interval_;   // between requests, at the rate; 0: no limit
  const std::chrono::nanoseconds tolerance_;  // how far ahead of the rate a burst may be
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::int64_t> next_{0};  // steady nanoseconds when the next request is due, by the generic cell rate
};

// One object for as long as an endpoint's settings stay as they are.
struct EndpointSettings {
  explicit EndpointSettings(Scheduling given, Recording wanted = {})
      : scheduling(std::move(given)), recording(std::move(wanted)), limits(scheduling) {
    if (scheduling.response_cache_bytes > 0) cache = std::make_unique<ResponseCache>(scheduling.response_cache_bytes);
  }
  const Scheduling scheduling;
  const Recording recording;
  EndpointLimits limits;
  std::unique_ptr<ResponseCache> cache;  // may be null
};

}  // namespace modelyard::lifecycle
