#include "serving/shadows.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "inference/element.h"
#include "inference/nonfinite.h"
#include "lifecycle/golden_check.h"
#include "serving/version_executor.h"

namespace modelyard::serving {
namespace {

using inference::Buffer;
using inference::Tensor;
using inference::TensorView;

constexpr double kLeastStep = 1e-6;  // what is no difference, of numbers near 0

Tensor copy_of(const TensorView& view) {
  Tensor copy{
      std::string(view.name), view.type, {view.shape.begin(), view.shape.end()}, Buffer::allocate(view.bytes.size())};
  if (!view.bytes.empty()) std::memcpy(copy.buffer.bytes().data(), view.bytes.data(), view.bytes.size());
  return copy;
}

std::size_t bytes_of(std::span<const TensorView> inputs, std::span<const Tensor> outputs) {
  std::size_t bytes = 0;
  for (const TensorView& input : inputs) bytes += input.bytes.size();
  for (const Tensor& output : outputs) bytes += output.buffer.bytes().size();
  return bytes;
}

// A request whose caller has gone with the answer.
class Copy final : public Call {
 public:
  Copy(const Job& answered, const std::vector<Tensor>& outputs, const rollout::Shadow& shadow, std::size_t bytes)
      : tolerance(shadow.tolerance), bytes_(bytes) {
    inference::InferRequest& original = answered.call->request();
    told.endpoint = original.endpoint;
    told.plan_revision = answered.plan_revision;
    told.version = shadow.version;
    told.unit_hash = answered.unit_hash;
    request_.endpoint = told.endpoint;
    for (const TensorView& input : original.inputs) inputs_.push_back(copy_of(input));
    for (const Tensor& input : inputs_) request_.inputs.push_back(input.view());
    for (const Tensor& output : outputs) stable.push_back(copy_of(output.view()));
  }
  inference::InferRequest& request() override { return request_; }
  std::size_t body_bytes() const override { return bytes_; }
  Protocol protocol() const override { return Protocol::kOpenInference; }
  bool cancelled() const override { return false; }
  void answer(inference::InferResponse&) override {}
  void fail(const Error&) override {}

  Shadowed told;
  std::vector<Tensor> stable;
  const double tolerance;

 private:
  const std::size_t bytes_;
  std::vector<Tensor> inputs_;
  inference::InferRequest request_;
};

// Asks the shadow for the outputs that were answered, by their names.
Status fit(const inference::Signature& signature, Copy& copy) {
  inference::InferRequest& request = copy.request();
  MODELYARD_TRY(inference::check_inputs(signature, request.inputs, request.endpoint));
  for (const Tensor& output : copy.stable) {
    const auto position = signature.find_output(output.name);
    if (!position) return error(Code::kInvalidArgument, "the shadow has no output '{}'", output.name);
    request.wanted.push_back(*position);
  }
  std::sort(request.wanted.begin(), request.wanted.end());
  return ok();
}

bool is_decision(const Tensor& output) {
  return !inference::is_floating(output.type);
}

bool is_alike(std::vector<Tensor> stable, const std::vector<Tensor>& shadow, double tolerance) {
  if (std::ranges::any_of(stable, is_decision)) std::erase_if(stable, std::not_fn(is_decision));
  lifecycle::Golden wanted;
  wanted.tolerance = {.relative = tolerance, .absolute = kLeastStep};
  return lifecycle::compare_outputs(wanted, stable, shadow, "a copy").has_value();
}

Shadowed compare(const Finished& finished) {
  Copy& copy = static_cast<Copy&>(*finished.job.call);
  Shadowed told = std::move(copy.told);
  told.outcome = Shadowed::Outcome::kFailed;
  if (!finished.outputs) return told;
  const bool alike = is_alike(std::move(copy.stable), *finished.outputs, copy.tolerance);
  told.outcome = alike ? Shadowed::Outcome::kAlike : Shadowed::Outcome::kUnlike;
  told.nonfinite = inference::has_nonfinite(*finished.outputs, kMostLookedAt);
  return told;
}

}  // namespace

void Shadows::send(const rollout::Shadow& shadow, lifecycle::Servable& servable, const Job& answered,
                   const std::vector<Tensor>& outputs) {
  const inference::InferRequest& original = answered.call->request();
  const std::size_t bytes = bytes_of(original.inputs, outputs);
  Shadowed dropped{std::string(original.endpoint), answered.plan_revision, shadow.version, answered.unit_hash};
  if (copies_ >= kMostCopies || bytes_ + bytes > kMostBytes) return tell_(dropped);
  auto copy = std::make_unique<Copy>(answered, outputs, shadow, bytes);
  if (!fit(servable.signature(), *copy)) {
    dropped.outcome = Shadowed::Outcome::kFailed;
    return tell_(dropped);
  }
  Job job;
  job.rows = inference::row_count(servable.signature(), copy->request().inputs);
  job.call = CallPtr(copy.release());
  job.servable = servable.shared_from_this();
  job.submitted = job.queued_at = clock_.steady_now();
  job.home = this;
  std::vector<Job> jobs;
  jobs.push_back(std::move(job));
  auto refused = static_cast<VersionExecutor&>(servable.executor()).submit(std::move(jobs));
  if (!refused.empty()) return tell_(dropped);
  ++copies_;
  bytes_ += bytes;
}

void Shadows::on_done(std::vector<Finished> finished) {
  std::vector<Shadowed> told;
  std::size_t bytes = 0;
  for (const Finished& one : finished) {
    bytes += one.job.call->body_bytes();
    told.push_back(compare(one));
  }
  post_([this, told = std::move(told), bytes] {
    copies_ -= told.size();
    bytes_ -= bytes;
    for (const Shadowed& one : told) tell_(one);
  });
}

}  // namespace modelyard::serving
