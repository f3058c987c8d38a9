#include "monitoring/profile/traffic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace modelyard::monitoring {

Ending ending_of(std::optional<Code> failure) {
  if (!failure) return Ending::kAnswered;
  switch (*failure) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kConflict:
    case Code::kResourceExhausted:
    case Code::kUnimplemented:
    case Code::kCancelled: return Ending::kRefused;
    default: return Ending::kFailed;
  }
}

// The octave is the position of the highest bit; the three bits below it are the step.
std::size_t Traffic::bucket_of(std::chrono::nanoseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  if (value < static_cast<std::uint64_t>(kLeastLatency.count())) return 0;
  const int highest = std::bit_width(value) - 1;
  const int octave = highest - 10;
  if (octave >= kOctaves) return kBuckets - 1;
  const auto step = static_cast<std::size_t>(value >> (highest - 3)) & 7u;
  return 1 + static_cast<std::size_t>(octave) * kStepsOfOctave + step;
}

std::chrono::nanoseconds Traffic::upper_end(std::size_t bucket) {
  if (bucket == 0) return kLeastLatency;
  const std::size_t octave = (bucket - 1) / kStepsOfOctave, step = (bucket - 1) % kStepsOfOctave;
  return std::chrono::nanoseconds(static_cast<std::int64_t>((9 + step) << (octave + 7)));
}

void Traffic::add(Ending ending, std::chrono::nanoseconds latency) {
  switch (ending) {
    case Ending::kAnswered: ++latencies_[bucket_of(latency)]; break;
    case Ending::kRefused: ++refused_; break;
    case Ending::kFailed: ++failed_; break;
  }
}

void Traffic::merge(const Traffic& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) latencies_[i] += other.latencies_[i];
  refused_ += other.refused_;
  failed_ += other.failed_;
}

std::uint64_t Traffic::answered() const {
  return std::accumulate(latencies_.begin(), latencies_.end(), std::uint64_t{0});
}

double Traffic::failed_share() const {
  const std::uint64_t of = answered() + failed_;
  return of == 0 ? 0 : static_cast<double>(failed_) / static_cast<double>(of);
}

std::optional<std::chrono::nanoseconds> Traffic::latency(double share) const {
  const std::uint64_t all = answered();
  if (all == 0) return std::nullopt;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  while ((below += latencies_[bucket]) < wanted) ++bucket;
  return upper_end(bucket);
}

std::uint64_t Traffic::slower_than(std::chrono::nanoseconds limit) const {
  std::uint64_t slower = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    // The last one has no end.
    if (upper_end(bucket) > limit || bucket + 1 == kBuckets) slower += latencies_[bucket];
  }
  return slower;
}

Json to_json(const Traffic& traffic) {
  Json latencies = Json::array();
  for (std::size_t bucket = 0; bucket < Traffic::kBuckets; ++bucket) {
    if (traffic.latencies_[bucket] > 0) latencies.push_back({bucket, traffic.latencies_[bucket]});
  }
  return {{"refused", traffic.refused_}, {"failed", traffic.failed_}, {"latencies", std::move(latencies)}};
}

Result<Traffic> parse_traffic(const Json& value, const std::string& path) {
  Traffic traffic;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(const std::int64_t refused, reader.integer("refused"));
  MODELYARD_ASSIGN(const std::int64_t failed, reader.integer("failed"));
  MODELYARD_ASSIGN(const Json* const latencies, reader.array("latencies"));
  MODELYARD_TRY(reader.finish());
  if (refused < 0 || failed < 0) return error(Code::kInvalidArgument, "{}: negative", path);
  traffic.refused_ = static_cast<std::uint64_t>(refused);
  traffic.failed_ = static_cast<std::uint64_t>(failed);
  for (const Json& pair : *latencies) {
    const bool is_pair = pair.is_array() && pair.size() == 2 && pair[0].is_number_unsigned() &&
                         pair[1].is_number_unsigned() && pair[0].get<std::uint64_t>() < Traffic::kBuckets;
    if (!is_pair) return error(Code::kInvalidArgument, "{}: expected pairs of a bucket and a count", path);
    traffic.latencies_[pair[0].get<std::size_t>()] = pair[1].get<std::uint64_t>();
  }
  return traffic;
}

}  // namespace modelyard::monitoring
