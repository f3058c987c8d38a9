// Lists that are used again: empty, but with the room they had. A steady load then allocates none.
//
// Threads: its owner's.
#pragma once

#include <utility>
#include <vector>

#include "inference/tensor.h"

namespace modelyard::serving {

template <typename T>
class SpareLists {
 public:
  std::vector<T> take() {
    if (lists_.empty()) return {};
    std::vector<T> list = std::move(lists_.back());
    lists_.pop_back();
    return list;
  }
  void put(std::vector<T> list) {
    list.clear();
    keep(std::move(list));
  }

 protected:
  void keep(std::vector<T> list) {
    if (lists_.size() < kMostKept) lists_.push_back(std::move(list));
  }

 private:
  static constexpr std::size_t kMostKept = 64;

  std::vector<std::vector<T>> lists_;
};

// Outputs keep their tensors, whose memory the next run writes into.
class SpareOutputs : public SpareLists<inference::Tensor> {
 public:
  void put(std::vector<inference::Tensor> outputs) {
    for (const inference::Tensor& output : outputs) {
      if (output.buffer.capacity() == 0 || output.buffer.capacity() > kMostBytes) return;
    }
    if (!outputs.empty()) keep(std::move(outputs));
  }

 private:
  static constexpr std::size_t kMostBytes = 16u << 10;
};

}  // namespace modelyard::serving
