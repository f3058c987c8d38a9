// TextPool keeps the memory of texts that were sent, for the next answers.
//
// Threads: its loop's.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace modelyard::edge {

class TextPool {
 public:
  // Empty, with whatever room it has.
  std::string take() {
    if (texts_.empty()) return {};
    std::string text = std::move(texts_.back());
    texts_.pop_back();
    return text;
  }
  void put(std::string&& text) {
    if (text.capacity() < kLeastBytes || text.capacity() > kMostBytes || texts_.size() >= kMostKept) return;
    text.clear();
    texts_.push_back(std::move(text));
  }

 private:
  static constexpr std::size_t kLeastBytes = 64, kMostBytes = 16u << 10, kMostKept = 256;

  std::vector<std::string> texts_;
};

}  // namespace modelyard::edge
