#include "monitoring/profile/live_profiler.h"

#include <algorithm>

namespace modelyard::monitoring {
namespace {

// Values of a row in all tensors that are profiled.
std::size_t values_of_row(const SeenPrediction& seen) {
  std::int64_t values = 0;
  const auto add = [&](inference::ShapeView shape) {
    const std::int64_t columns = inference::element_count(shape).value_or(0) / seen.rows;
    if (columns <= TensorProfiler::kMostColumns) values += columns;
  };
  for (const inference::TensorView& input : seen.inputs) add(input.shape);
  for (const inference::Tensor& output : seen.outputs) add(output.shape);
  return static_cast<std::size_t>(std::max<std::int64_t>(values, 1));
}

}  // namespace

LiveProfiler::LiveProfiler(double budget, const Clock& clock)
    : clock_(clock), share_(budget, clock.steady_now()), began_(clock.utc_now()) {}

LiveProfiler::Stream* LiveProfiler::stream_of(const SeenPrediction& seen) {
  const auto is_it = [&](const Stream& stream) {
    return stream.version.version == seen.version.version && stream.endpoint == seen.endpoint &&
           stream.version.model == seen.version.model;
  };
  if (last_ != nullptr && is_it(*last_)) return last_;
  const auto found = std::ranges::find_if(streams_, [&](const auto& stream) { return is_it(*stream); });
  if (found != streams_.end()) return last_ = found->get();
  if (streams_.size() == kMostStreams) return nullptr;
  ColumnNames names;
  add_column_names(seen.signature, names);
  return last_ = streams_.emplace_back(std::make_unique<Stream>(seen, std::move(names))).get();
}

void LiveProfiler::add(const SeenPrediction& seen) {
  Stream* const stream = stream_of(seen);
  if (stream == nullptr) {
    leave_out();
    return;
  }
  stream->window.traffic.add(ending_of(seen.failure), seen.latency);
  if (seen.failure || seen.rows < 1) return;
  stream->window.rows += static_cast<std::uint64_t>(seen.rows);
  if (share_.takes(seen.hash)) profile(seen, *stream);
}

// Rules may change within a window; what was kept of what is hidden now goes.
void LiveProfiler::hide(const SeenPrediction& seen, Stream& stream) {
  if (std::ranges::equal(seen.masked, stream.masked) && std::ranges::equal(seen.hashed, stream.hashed)) return;
  stream.masked.assign(seen.masked.begin(), seen.masked.end());
  stream.hashed.assign(seen.hashed.begin(), seen.hashed.end());
  std::vector<std::string> hidden = stream.masked;
  hidden.insert(hidden.end(), stream.hashed.begin(), stream.hashed.end());
  stream.profiler.hide(std::move(hidden));
}

void LiveProfiler::profile(const SeenPrediction& seen, Stream& stream) {
  const std::size_t features_before = stream.profiler.profiles().size();
  if (features_before == 0 && features_ >= kMostLiveFeatures) return leave_out();
  const SteadyTime begin = clock_.steady_now();
  hide(seen, stream);
  const auto rows = static_cast<std::size_t>(seen.rows);
  const std::size_t most_rows = std::max<std::size_t>(1, kMostValues / values_of_row(seen));
  const std::size_t stride = (rows + most_rows - 1) / most_rows;
  for (const inference::TensorView& input : seen.inputs) stream.profiler.add(Side::kInput, input, seen.rows, stride);
  for (const inference::Tensor& output : seen.outputs)
    stream.profiler.add(Side::kOutput, output.view(), seen.rows, stride);
  features_ = features_ - features_before + stream.profiler.profiles().size();
  stream.window.profiled += (rows + stride - 1) / stride;
  stream.window.least_share = std::min(stream.window.least_share, share_.share() / static_cast<double>(stride));
  const SteadyTime end = clock_.steady_now();
  share_.spent(end - begin, end);
}

std::vector<StreamProfile> LiveProfiler::take() {
  std::vector<StreamProfile> taken;
  const UtcTime now = clock_.utc_now();
  for (const auto& stream : streams_) {
    stream->window.from = began_;
    stream->window.to = now;
    stream->window.features = stream->profiler.take();
    taken.push_back({std::move(stream->endpoint), std::move(stream->version), std::move(stream->window)});
  }
  streams_.clear();
  features_ = 0;
  last_ = nullptr;
  began_ = now;
  share_.look(clock_.steady_now());
  return taken;
}

}  // namespace modelyard::monitoring
