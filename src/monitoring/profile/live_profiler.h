// LiveProfiler gathers, on one event loop, what predictions look like while they are answered: of every request how it
// ended, and of a share of the rows what stood in them. Nothing of a single row is kept.
//
// Cost:      profiling stays within `budget` of the loop's time (SampleShare); of one request at most kMostValues
//            values are looked at, of rows at equal distances.
// Ownership: what is given is looked at during the call only.
// Bounds:    kMostStreams endpoints and versions between two take(), and features of the first of them until there are
//            kMostLiveFeatures (some 5 kB each); predictions beyond are counted in left_out(), of those beyond the
//            second bound the traffic still counts.
// Threads:   its loop only; left_out() from any.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/names.h"
#include "monitoring/profile/sample_share.h"
#include "monitoring/profile/tensor_profiler.h"
#include "monitoring/profile/window_profile.h"

namespace modelyard::monitoring {

struct SeenPrediction {
  std::string_view endpoint;
  const VersionRef& version;
  const inference::Signature& signature;
  std::span<const inference::TensorView> inputs;
  std::span<const inference::Tensor> outputs;
  std::optional<Code> failure;  // none: answered
  std::chrono::nanoseconds latency{0};
  std::int64_t rows = 0;
  std::uint64_t hash = 0;
  // Tensors and features that are not to be looked at.
  std::span<const std::string> masked, hashed;
};

struct StreamProfile {
  std::string endpoint;
  VersionRef version;
  WindowProfile window;
};

class LiveProfiler {
 public:
  static constexpr std::size_t kMostStreams = 256;
  static constexpr std::size_t kMostLiveFeatures = 16'384;
  static constexpr std::size_t kMostValues = 4096;
  static constexpr std::uint32_t kQuantileSize = 200;

  // Pre: 0 < budget ≤ 1. `clock` outlives it.
  LiveProfiler(double budget, const Clock& clock);

  void add(const SeenPrediction& seen);
  // What was gathered since the last time.
  std::vector<StreamProfile> take();
  std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }

 private:
  struct Stream {
    Stream(const SeenPrediction& seen, ColumnNames names)
        : endpoint(seen.endpoint), version(seen.version), profiler(std::move(names), kQuantileSize) {}
    std::string endpoint;
    VersionRef version;
    TensorProfiler profiler;
    WindowProfile window;
    std::vector<std::string> masked, hashed;
  };

  Stream* stream_of(const SeenPrediction& seen);
  static void hide(const SeenPrediction& seen, Stream& stream);
  void profile(const SeenPrediction& seen, Stream& stream);
  void leave_out() { left_out_.fetch_add(1, std::memory_order_relaxed); }

  const Clock& clock_;
  SampleShare share_;
  UtcTime began_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Stream* last_ = nullptr;
  std::size_t features_ = 0;  // of all streams
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace modelyard::monitoring
