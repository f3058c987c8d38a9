#include "serving/batch.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace modelyard::serving {
namespace {

using inference::Buffer;
using inference::Tensor;
using inference::TensorView;

constexpr std::size_t kMostCopied = 16u << 10;  // larger pieces of an output are shared, not copied

bool same_kind(const TensorView& a, const TensorView& b) {
  return a.name == b.name && a.type == b.type && a.shape.size() == b.shape.size() && !a.shape.empty() &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

// Bytes of so many rows at the front. Elements of BYTES vary, so they are walked.
std::size_t bytes_of_rows(const Tensor& output, std::span<const std::byte> rest, std::int64_t rows) {
  const std::size_t width = inference::element_bytes(output.type);
  std::size_t elements = static_cast<std::size_t>(rows);
  for (std::size_t i = 1; i < output.shape.size(); ++i) elements *= static_cast<std::size_t>(output.shape[i]);
  if (width > 0) return elements * width;
  std::size_t at = 0;
  for (; elements > 0; --elements) {
    std::uint32_t length = 0;
    std::memcpy(&length, rest.data() + at, sizeof length);
    at += sizeof length + length;
  }
  return at;
}

// `whole` keeps the memory of an output of which a piece is large.
void cut(const Tensor& output, std::span<std::byte> bytes, std::int64_t rows, const std::shared_ptr<Buffer>& whole,
         Tensor& piece) {
  piece.name = output.name;
  piece.type = output.type;
  piece.shape = output.shape;
  piece.shape.front() = rows;
  if (bytes.size() > kMostCopied) {
    piece.buffer = Buffer::adopt(bytes, [whole] {});
  } else {
    piece.buffer.resize(bytes.size());
    if (!bytes.empty()) std::memcpy(piece.buffer.bytes().data(), bytes.data(), bytes.size());
  }
}

}  // namespace

bool can_share_run(const Job& first, const Job& second) {
  const inference::InferRequest& a = first.call->request();
  const inference::InferRequest& b = second.call->request();
  return first.rows > 0 && second.rows > 0 && a.wanted == b.wanted &&
         std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same_kind);
}

std::optional<Error> reason_to_drop(const Job& job, SteadyTime now) {
  if (job.call->cancelled()) return error(Code::kCancelled, "the client has left");
  const auto& deadline = job.call->request().deadline;
  const bool hopeless = deadline && now + job.servable->cost().at_least(job.rows) >= *deadline;
  if (hopeless || now >= job.queue_deadline) return error(Code::kDeadlineExceeded, "Request timeout expired");
  return std::nullopt;
}

JoinedInputs::JoinedInputs(std::span<const Job> jobs) {
  const std::size_t count = jobs.front().call->request().inputs.size();
  shapes_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TensorView view = jobs.front().call->request().inputs[i];
    inference::Shape& shape = shapes_.emplace_back(view.shape.begin(), view.shape.end());
    shape.front() = 0;
    std::size_t bytes = 0;
    for (const Job& job : jobs) {
      const TensorView& part = job.call->request().inputs[i];
      shape.front() += part.shape.front();
      bytes += part.bytes.size();
    }
    Buffer& buffer = buffers_.emplace_back(Buffer::allocate(bytes));
    std::byte* at = buffer.bytes().data();
    for (const Job& job : jobs) {
      const auto part = job.call->request().inputs[i].bytes;
      if (!part.empty()) at = static_cast<std::byte*>(std::memcpy(at, part.data(), part.size())) + part.size();
    }
    view.shape = shape;
    view.bytes = buffer.bytes();
    views_.push_back(view);
  }
}

Result<std::vector<std::vector<Tensor>>> split_outputs(std::vector<Tensor>& outputs, std::span<const std::int64_t> rows,
                                                       SpareOutputs& spares) {
  const std::int64_t total = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  for (const Tensor& output : outputs) {
    if (!output.shape.empty() && output.shape.front() == total) continue;
    return error(Code::kInternal, "output '{}' has shape {} for {} rows", output.name,
                 inference::format_shape(output.shape), total);
  }
  std::vector<std::vector<Tensor>> split(rows.size());
  for (std::vector<Tensor>& pieces : split) {
    pieces = spares.take();
    pieces.resize(outputs.size());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor& output = outputs[i];
    std::span<std::byte> rest = output.buffer.bytes();
    const bool large = rest.size() > kMostCopied;
    const auto whole = large ? std::make_shared<Buffer>(std::move(output.buffer)) : nullptr;
    for (std::size_t request = 0; request < rows.size(); ++request) {
      const std::size_t bytes = bytes_of_rows(output, rest, rows[request]);
      cut(output, rest.first(bytes), rows[request], whole, split[request][i]);
      rest = rest.subspan(bytes);
    }
  }
  return split;
}

Durations BatchRunner::durations_of(const Job& job, SteadyTime began) const {
  Durations durations;
  durations.prepared = job.queued_at - job.submitted;
  durations.queued = began - job.queued_at;
  durations.computed = clock_.steady_now() - began;
  return durations;
}

void BatchRunner::run(std::span<Job> jobs, std::vector<Finished>& finished) {
  const SteadyTime began = clock_.steady_now();
  if (jobs.size() > 1 && run_together(jobs, began, finished)) return;
  for (Job& job : jobs) run_alone(std::move(job), jobs.size() > 1 ? clock_.steady_now() : began, finished);
}

void BatchRunner::run_alone(Job job, SteadyTime began, std::vector<Finished>& finished) {
  std::vector<Tensor> outputs = spares_.take();
  const inference::InferRequest& request = job.call->request();
  const Status outcome = context_.run(request.inputs, request.wanted, outputs);
  Durations durations = durations_of(job, began);
  durations.run_rows = std::max<std::int64_t>(job.rows, 1);
  if (!outcome) return finished.push_back({std::move(job), outcome.error(), durations});
  servable_.cost().learn(job.rows, durations.computed);
  const PlaceInRun place{durations.run_rows, 0};
  finished.push_back({std::move(job), std::move(outputs), durations, place});
}

bool BatchRunner::run_together(std::span<Job> jobs, SteadyTime began, std::vector<Finished>& finished) {
  std::vector<std::int64_t> rows;
  std::int64_t total = 0;
  for (const Job& job : jobs) {
    rows.push_back(job.rows);
    total += job.rows;
  }
  const JoinedInputs inputs(jobs);
  std::vector<Tensor> outputs = spares_.take();
  if (!context_.run(inputs.views(), jobs.front().call->request().wanted, outputs)) return false;
  auto split = split_outputs(outputs, rows, spares_);
  if (!split) {
    servable_.batching().turn_off();
    return false;
  }
  spares_.put(std::move(outputs));
  servable_.cost().learn(total, clock_.steady_now() - began);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Durations durations = durations_of(jobs[i], began);
    if (i == 0) durations.run_rows = total;
    finished.push_back({std::move(jobs[i]), std::move((*split)[i]), durations, {total, offset}});
    offset += rows[i];
  }
  return true;
}

}  // namespace modelyard::serving
