#include "lifecycle/scheduling.h"

#include <algorithm>
#include <charconv>

namespace modelyard::lifecycle {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr std::int64_t kMostRows = 65'536;
constexpr std::int64_t kMostMicroseconds = 3'600'000'000;
constexpr std::int64_t kMostQueued = 1'000'000;
constexpr int kMostLevels = 100;
constexpr int kMostInstances = 256;
constexpr int kMostThreads = 256;
constexpr std::int64_t kMostCacheBytes = std::int64_t{1} << 40;
constexpr double kMostPerSecond = 1e7;

// Reads a number within bounds into `target`, when it is there.
template <typename T>
Status read_integer(ObjectReader& reader, std::string_view name, std::int64_t least, std::int64_t most, T& target) {
  MODELYARD_ASSIGN(const auto given, reader.optional_integer(name));
  if (!given) return ok();
  if (*given < least || *given > most) {
    return error(Code::kInvalidArgument, "{}: expected {} to {}", reader.path_of(name), least, most);
  }
  target = static_cast<T>(*given);
  return ok();
}

Status read_microseconds(ObjectReader& reader, std::string_view name, microseconds& target) {
  std::int64_t count = target.count();
  MODELYARD_TRY(read_integer(reader, name, 0, kMostMicroseconds, count));
  target = microseconds(count);
  return ok();
}

Result<QueuePolicy> parse_policy(const Json& value, const std::string& path) {
  QueuePolicy policy;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_TRY(read_integer(reader, "max_queue_size", 0, kMostQueued, policy.max_queue_size));
  MODELYARD_TRY(read_microseconds(reader, "default_timeout_microseconds", policy.default_timeout));
  MODELYARD_ASSIGN(const auto action, reader.optional_string("timeout_action"));
  MODELYARD_TRY(reader.finish());
  if (action && *action != "REJECT" && *action != "DELAY") {
    return error(Code::kInvalidArgument, "{}.timeout_action: '{}' is not one of REJECT, DELAY", path, *action);
  }
  if (action == "DELAY") policy.timeout_action = QueuePolicy::TimeoutAction::kDelay;
  return policy;
}

Status read_preferred(ObjectReader& reader, Scheduling& scheduling) {
  MODELYARD_ASSIGN(const Json* sizes, reader.optional_array("preferred_batch_size"));
  if (!sizes) return ok();
  for (const Json& size : *sizes) {
    if (!size.is_number_integer() || size.get<std::int64_t>() < 1 || size.get<std::int64_t>() > kMostRows) {
      return error(Code::kInvalidArgument, "{}: expected numbers of rows, 1 to {}",
                   reader.path_of("preferred_batch_size"), kMostRows);
    }
    scheduling.preferred_batch_size.push_back(size.get<std::int64_t>());
  }
  std::sort(scheduling.preferred_batch_size.begin(), scheduling.preferred_batch_size.end());
  return ok();
}

Status read_levels(ObjectReader& reader, Scheduling& scheduling) {
  MODELYARD_TRY(read_integer(reader, "priority_levels", 1, kMostLevels, scheduling.priority_levels));
  scheduling.default_priority_level = scheduling.priority_levels;
  MODELYARD_TRY(
      read_integer(reader, "default_priority_level", 1, scheduling.priority_levels, scheduling.default_priority_level));
  MODELYARD_ASSIGN(const Json* general, reader.optional_object("queue_policy"));
  if (general) {
    MODELYARD_ASSIGN(scheduling.queue_policy, parse_policy(*general, reader.path_of("queue_policy")));
  }
  MODELYARD_ASSIGN(const Json* by_level, reader.optional_object("priority_queue_policy"));
  if (!by_level) return ok();
  for (const auto& [name, value] : by_level->items()) {
    const std::string path = reader.path_of("priority_queue_policy") + "." + name;
    int level = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), level);
    if (failure != std::errc{} || end != name.data() + name.size() || level < 1 || level > scheduling.priority_levels) {
      return error(Code::kInvalidArgument, "{}: expected a level, 1 to priority_levels ({})", path,
                   scheduling.priority_levels);
    }
    MODELYARD_ASSIGN(scheduling.priority_queue_policy[level], parse_policy(value, path));
  }
  return ok();
}

Status read_limits(ObjectReader& reader, Scheduling& scheduling) {
  MODELYARD_TRY(read_integer(reader, "instances", 0, kMostInstances, scheduling.instances));
  MODELYARD_TRY(read_integer(reader, "intra_op_threads", 0, kMostThreads, scheduling.intra_op_threads));
  MODELYARD_TRY(read_integer(reader, "max_in_flight", 0, kMostQueued, scheduling.max_in_flight));
  MODELYARD_ASSIGN(const auto rate, reader.optional_number("requests_per_second"));
  if (rate && !(*rate >= 0 && *rate <= kMostPerSecond)) {
    return error(Code::kInvalidArgument, "{}: expected 0 to {}", reader.path_of("requests_per_second"), kMostPerSecond);
  }
  scheduling.requests_per_second = rate.value_or(0);
  MODELYARD_TRY(read_integer(reader, "burst", 0, kMostQueued, scheduling.burst));
  return read_integer(reader, "response_cache_bytes", 0, kMostCacheBytes, scheduling.response_cache_bytes);
}

Status check(const Scheduling& scheduling) {
  const auto refuse = [](std::string_view what) { return error(Code::kInvalidArgument, "scheduling: {}", what); };
  const bool waits = scheduling.max_queue_delay.count() > 0 || !scheduling.preferred_batch_size.empty();
  if (scheduling.max_batch_size == 1 && waits) {
    return refuse("max_batch_size 1 lets no requests share a run, so nothing is to be waited for or preferred");
  }
  if (scheduling.max_batch_size > 0 && !scheduling.preferred_batch_size.empty() &&
      scheduling.preferred_batch_size.back() > scheduling.max_batch_size) {
    return refuse("a preferred_batch_size is larger than max_batch_size");
  }
  if (scheduling.burst > 0 && scheduling.requests_per_second == 0) return refuse("burst needs requests_per_second");
  return ok();
}

}  // namespace

const QueuePolicy& Scheduling::policy_of(int level) const {
  const auto own = priority_queue_policy.find(level);
  return own == priority_queue_policy.end() ? queue_policy : own->second;
}

std::size_t Scheduling::capacity_of(int level, std::size_t general) const {
  const std::int64_t own = policy_of(level).max_queue_size;
  return own > 0 ? static_cast<std::size_t>(own) : general;
}

int Scheduling::level_of(std::int64_t priority) const {
  const bool known = priority >= 1 && priority <= priority_levels;
  return known ? static_cast<int>(priority) : default_priority_level;
}

Result<Scheduling> parse_scheduling(const Json& value) {
  Scheduling scheduling;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "scheduling"));
  MODELYARD_TRY(read_integer(reader, "max_batch_size", 0, kMostRows, scheduling.max_batch_size));
  MODELYARD_TRY(read_preferred(reader, scheduling));
  MODELYARD_TRY(read_microseconds(reader, "max_queue_delay_microseconds", scheduling.max_queue_delay));
  MODELYARD_ASSIGN(const auto ordered, reader.optional_boolean("preserve_ordering"));
  scheduling.preserve_ordering = ordered.value_or(false);
  MODELYARD_TRY(read_levels(reader, scheduling));
  MODELYARD_TRY(read_limits(reader, scheduling));
  MODELYARD_TRY(reader.finish());
  MODELYARD_TRY(check(scheduling));
  return scheduling;
}

EndpointLimits::EndpointLimits(const Scheduling& scheduling)
    : max_in_flight_(scheduling.max_in_flight),
      interval_(
          scheduling.requests_per_second > 0
              ? nanoseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(1e9 / scheduling.requests_per_second)))
              : nanoseconds(0)),
      tolerance_(scheduling.burst > 0 ? interval_ * (scheduling.burst - 1) : nanoseconds(100'000'000)) {}

// The generic cell rate algorithm: one number says how far ahead of the rate the endpoint is.
bool EndpointLimits::take_from_rate(SteadyTime now) {
  const std::int64_t present = now.time_since_epoch().count();
  std::int64_t next = next_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t due = std::max(next, present);
    if (due - present > tolerance_.count()) return false;
    if (next_.compare_exchange_weak(next, due + interval_.count(), std::memory_order_relaxed)) return true;
  }
}

Status EndpointLimits::enter(SteadyTime now, std::string_view endpoint) {
  if (max_in_flight_ > 0 && in_flight_.fetch_add(1, std::memory_order_relaxed) >= max_in_flight_) {
    leave();
    refused_.fetch_add(1, std::memory_order_relaxed);
    return error(Code::kResourceExhausted, "too many requests of '{}' at the same time: its max_in_flight is {}",
                 endpoint, max_in_flight_);
  }
  if (interval_.count() > 0 && !take_from_rate(now)) {
    leave();
    refused_.fetch_add(1, std::memory_order_relaxed);
    return error(Code::kResourceExhausted, "too many requests of '{}': its requests_per_second is {:.4g}", endpoint,
                 1e9 / static_cast<double>(interval_.count()));
  }
  return ok();
}

void EndpointLimits::leave() {
  if (max_in_flight_ > 0) in_flight_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace modelyard::lifecycle
