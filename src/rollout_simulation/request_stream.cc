#include "rollout_simulation/request_stream.h"

#include <cmath>

#include "base/check.h"
#include "rollout/assignment.h"
#include "statistics/probability.h"

namespace modelyard::rollout {
namespace {

double uniform(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

AnswerSource::AnswerSource(const Truth& truth) : truth_(truth), latencies_(std::size_t{1} << kLatencyBits) {
  constexpr double kNanosecondsOfMs = 1e6, kP99 = 0.99;
  const double spread = std::log(truth.p99_ms / truth.p50_ms) / statistics::normal_quantile(kP99);
  for (std::size_t i = 0; i < latencies_.size(); ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(latencies_.size());
    const double ms = truth.latency * truth.p50_ms * std::exp(spread * statistics::normal_quantile(share));
    latencies_[i] = std::chrono::nanoseconds(static_cast<std::int64_t>(kNanosecondsOfMs * ms));
  }
}

CountedRequest AnswerSource::draw(Random& random, std::uint64_t unit_hash) const {
  CountedRequest request{.unit_hash = unit_hash, .latency = latencies_[random.next() >> (64 - kLatencyBits)]};
  double fate = uniform(random.next());
  request.failed = fate < truth_.error_rate;
  fate -= truth_.error_rate;
  request.timed_out = !request.failed && fate < truth_.timeout_rate;
  fate -= truth_.timeout_rate;
  request.nonfinite = !request.failed && !request.timed_out && fate < truth_.nonfinite_rate;
  return request;
}

double AnswerSource::draw_reward(Random& random) const {
  return uniform(random.next()) < truth_.reward ? 1 : 0;
}

void RequestStream::serve(std::uint64_t requests, const TrafficPlan& plan, StepEvidence* step) {
  for (std::uint64_t i = 0; i < requests; ++i) {
    const std::uint64_t drawn = random_.next();
    // The point of a user is what the server would have hashed: given as chance, the plan places it alike.
    const std::uint64_t point = units_.empty() ? drawn : units_[drawn % units_.size()];
    const bool is_candidate = assign(plan, NoKeys(), point).version != plan.stable;
    const AnswerSource& source = is_candidate ? sources_.candidate : sources_.stable;
    const CountedRequest request = source.draw(random_, point);
    const bool is_fault = request.failed || request.timed_out || request.nonfinite;
    ++served_.requests;
    served_.candidate_requests += is_candidate ? 1 : 0;
    served_.faults += is_fault ? 1 : 0;
    served_.candidate_faults += is_candidate && is_fault ? 1 : 0;
    if (!step) continue;
    ArmEvidence& arm = is_candidate ? step->candidate : step->stable;
    add(arm, request);
    if (!reward_.empty()) {
      const Status counted = add_metric(arm, reward_, point, is_fault ? 0 : source.draw_reward(random_));
      MODELYARD_CHECK(counted.has_value(), "it is one metric of ones and zeros");
    }
    step->units.add(is_candidate, point);
  }
}

std::vector<std::uint64_t> unit_hashes(std::string_view salt, std::uint64_t units) {
  std::vector<std::uint64_t> hashes(units);
  for (std::uint64_t i = 0; i < units; ++i) hashes[i] = point_of(salt, fmt::format("user-{}", i));
  return hashes;
}

}  // namespace modelyard::rollout
