#include "app/server/rollout_tap.h"

#include <cmath>
#include <cstring>

#include "control/rollouts/version_fault.h"

namespace modelyard::app {
namespace {

// Of larger outputs the first so many are looked at: it is done on the loop.
constexpr std::size_t kMostLookedAt = 4096;

bool is_versions_fault(const serving::Ended& ended) {
  // With a run behind it the engine said so, not we.
  if (*ended.failure == Code::kInvalidArgument) return ended.durations.run_rows > 0;
  return control::is_versions_fault(*ended.failure);
}

template <typename Number>
bool has_nonfinite(std::span<const std::byte> bytes) {
  const std::size_t count = std::min(bytes.size() / sizeof(Number), kMostLookedAt);
  for (std::size_t i = 0; i < count; ++i) {
    Number value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    if (!std::isfinite(value)) return true;
  }
  return false;
}

bool is_nonfinite(const std::vector<inference::Tensor>& outputs) {
  for (const inference::Tensor& output : outputs) {
    const inference::TensorView view = output.view();
    if (view.type == inference::DataType::kFp32 && has_nonfinite<float>(view.bytes)) return true;
    if (view.type == inference::DataType::kFp64 && has_nonfinite<double>(view.bytes)) return true;
  }
  return false;
}

}  // namespace

std::uint64_t RolloutTap::on_end(const serving::Ended& ended) {
  if (!ended.exposed) return 0;
  if (ended.failure && !is_versions_fault(ended)) return 0;
  rollout::CountedRequest request;
  request.unit_hash = ended.unit_hash;
  request.failed = ended.failure.has_value();
  request.timed_out = ended.failure == Code::kDeadlineExceeded;
  request.nonfinite = ended.outputs != nullptr && is_nonfinite(*ended.outputs);
  // Who was refused at once waited for nothing.
  if (!request.failed || request.timed_out) request.latency = ended.durations.total;
  counter_.add(ended.request.endpoint, ended.plan_revision, ended.arm, request);
  return 0;
}

}  // namespace modelyard::app
