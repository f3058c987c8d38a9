// ResponseCache keeps an endpoint's latest answers, to give them again to equal requests: the same version, inputs
// byte by byte, and wanted outputs. Off unless an endpoint sets response_cache_bytes; only for models whose answer
// depends on nothing else.
//
// Ownership: answers are shared and never changed; a response that holds one keeps it.
// Threads:   any; a lock for each lookup, of endpoints that have a cache.
// Order:     the answer that was asked for longest ago goes first.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/mutex.h"
#include "base/names.h"
#include "inference/tensor.h"

namespace modelyard::lifecycle {

// A cryptographic digest: two requests that a stranger made to collide would be given each other's answers.
Digest cache_key(VersionNumber version, std::span<const inference::TensorView> inputs,
                 std::span<const std::size_t> wanted);

class ResponseCache {
 public:
  explicit ResponseCache(std::int64_t most_bytes) : most_bytes_(most_bytes) {}

  // The outputs point into the cache's own memory and keep it.
  std::optional<std::vector<inference::Tensor>> find(const Digest& key);
  // Takes the outputs over and gives them back, as find() would.
  std::vector<inference::Tensor> keep(const Digest& key, std::vector<inference::Tensor> outputs);

  std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }
  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }
  std::int64_t bytes() const;

 private:
  using Outputs = std::shared_ptr<const std::vector<inference::Tensor>>;
  struct Entry {
    Digest key;
    Outputs outputs;
    std::int64_t bytes = 0;
  };
  struct Hash {
    std::size_t operator()(const Digest& digest) const;
  };
  static std::vector<inference::Tensor> share(const Outputs& outputs);

  const std::int64_t most_bytes_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ MODELYARD_GUARDED_BY(mutex_);  // asked for latest first
  std::unordered_map<Digest, std::list<Entry>::iterator, Hash> by_key_ MODELYARD_GUARDED_BY(mutex_);
  std::int64_t bytes_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::atomic<std::uint64_t> hits_{0}, misses_{0}, evictions_{0};
};

}  // namespace modelyard::lifecycle
