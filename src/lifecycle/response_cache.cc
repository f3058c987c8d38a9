#include "lifecycle/response_cache.h"

#include <cstring>

namespace modelyard::lifecycle {
namespace {

using inference::Tensor;

constexpr std::int64_t kEntryBytes = 256;  // what an entry takes besides its tensors, about
constexpr std::int64_t kTensorBytes = 128;

template <typename T>
void add_number(Sha256& hash, T number) {
  const auto fixed = static_cast<std::uint64_t>(number);
  hash.update(std::as_bytes(std::span(&fixed, 1)));
}

std::int64_t bytes_of(const std::vector<Tensor>& outputs) {
  std::int64_t bytes = kEntryBytes;
  for (const Tensor& output : outputs) {
    bytes +=
        kTensorBytes + static_cast<std::int64_t>(output.name.size() + output.shape.size() * sizeof(output.shape[0]) +
                                                 output.buffer.bytes().size());
  }
  return bytes;
}

}  // namespace

// Every part says its length first, so that no two requests read the same.
Digest cache_key(VersionNumber version, std::span<const inference::TensorView> inputs,
                 std::span<const std::size_t> wanted) {
  Sha256 hash;
  add_number(hash, version);
  add_number(hash, wanted.size());
  for (const std::size_t output : wanted) add_number(hash, output);
  for (const inference::TensorView& input : inputs) {
    add_number(hash, input.name.size());
    hash.update(input.name);
    add_number(hash, static_cast<int>(input.type));
    add_number(hash, input.shape.size());
    for (const auto size : input.shape) add_number(hash, size);
    add_number(hash, input.bytes.size());
    hash.update(input.bytes);
  }
  return hash.finish();
}

std::size_t ResponseCache::Hash::operator()(const Digest& digest) const {
  std::size_t first = 0;
  std::memcpy(&first, digest.bytes().data(), sizeof first);
  return first;
}

std::vector<Tensor> ResponseCache::share(const Outputs& outputs) {
  std::vector<Tensor> shared;
  for (const Tensor& output : *outputs) {
    const auto bytes = output.buffer.bytes();
    shared.push_back({output.name, output.type, output.shape,
                      inference::Buffer::adopt({const_cast<std::byte*>(bytes.data()), bytes.size()}, [outputs] {})});
  }
  return shared;
}

std::optional<std::vector<Tensor>> ResponseCache::find(const Digest& key) {
  Outputs outputs;
  {
    MutexLock lock(mutex_);
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      outputs = found->second->outputs;
    }
  }
  (outputs ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
  if (!outputs) return std::nullopt;
  return share(outputs);
}

std::vector<Tensor> ResponseCache::keep(const Digest& key, std::vector<Tensor> outputs) {
  Entry entry{key, nullptr, bytes_of(outputs)};
  if (entry.bytes > most_bytes_) return outputs;
  entry.outputs = std::make_shared<const std::vector<Tensor>>(std::move(outputs));
  auto shared = share(entry.outputs);
  MutexLock lock(mutex_);
  if (by_key_.contains(key)) return shared;  // two equal requests ran at the same time
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_key_[key] = entries_.begin();
  while (bytes_ > most_bytes_) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
    evictions_.fetch_add(1, std::memory_order_relaxed);
  }
  return shared;
}

std::int64_t ResponseCache::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace modelyard::lifecycle
