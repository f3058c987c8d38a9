// Batching says whether requests of a version may share a run, and how many rows.
//
// Found at warm-up: a signature with a batch dimension, answers that do not change in company, and a run of many rows
// that costs less than the rows' own runs.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace modelyard::lifecycle {

class Batching {
 public:
  // 0: off.
  explicit Batching(std::int64_t most_rows) : most_rows_(most_rows) {}

  std::int64_t most_rows() const { return most_rows_.load(std::memory_order_relaxed); }
  bool is_on() const { return most_rows() > 1; }
  // For good: the model has shown that it cannot.
  void turn_off() { most_rows_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> most_rows_;
};

}  // namespace modelyard::lifecycle
