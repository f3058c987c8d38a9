// Call is one request on its way through serving, and the duty to tell how it ended.
//
// Ownership: edge/ derives from it, keeps behind it what the request's views point into, and hands it over whole. It
//            comes back by answer() or fail(), exactly once, on the loop it was submitted on.
// Memory:    a call and what it remembers live in a CallBlock, which its loop uses again for the next one, so that a
//            steady load allocates nothing; a call made by `new` goes back to the heap.
// Threads:   one owner at a time; ended on its loop. cancelled() may be asked by a worker while the client leaves.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <memory_resource>
#include <vector>

#include "inference/request.h"
#include "serving/statistics.h"

namespace modelyard::serving {

class Call {
 public:
  virtual ~Call() = default;
  virtual inference::InferRequest& request() = 0;
  virtual std::size_t body_bytes() const = 0;
  virtual Protocol protocol() const = 0;
  virtual bool cancelled() const = 0;
  // May take the outputs; what it leaves is used again.
  virtual void answer(inference::InferResponse& response) = 0;
  virtual void fail(const Error& error) = 0;
};

// What does not fit comes from the heap.
class CallBlock {
 public:
  static constexpr std::size_t kBytes = 4096;

  std::pmr::memory_resource* memory() { return &memory_; }
  void clear() { memory_.release(); }

 private:
  alignas(64) std::array<std::byte, kBytes> room_;
  std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
};

// The blocks of one loop; outlives its calls.
class CallBlocks {
 public:
  std::unique_ptr<CallBlock> take() {
    if (free_.empty()) return std::make_unique<CallBlock>();
    auto block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  void put(std::unique_ptr<CallBlock> block) {
    block->clear();
    if (free_.size() < kMostKept) free_.push_back(std::move(block));
  }

 private:
  static constexpr std::size_t kMostKept = 1024;

  std::vector<std::unique_ptr<CallBlock>> free_;
};

struct CallEnd {
  CallBlocks* home = nullptr;  // null: the call is the heap's
  CallBlock* block = nullptr;

  void operator()(Call* call) const {
    if (home == nullptr) return delete call;
    std::destroy_at(call);
    home->put(std::unique_ptr<CallBlock>(block));
  }
};
using CallPtr = std::unique_ptr<Call, CallEnd>;

// A call that is being made: first its memory, then what it remembers, then itself.
class CallMaker {
 public:
  explicit CallMaker(CallBlocks& home) : home_(home), block_(home.take()) {}
  ~CallMaker() {
    if (block_) home_.put(std::move(block_));
  }
  CallMaker(const CallMaker&) = delete;
  CallMaker& operator=(const CallMaker&) = delete;

  std::pmr::memory_resource* memory() { return block_->memory(); }
  // Once, at last.
  template <typename T, typename... Arguments>
  CallPtr make(Arguments&&... arguments) {
    void* const place = memory()->allocate(sizeof(T), alignof(T));
    T* const call = ::new (place) T(std::forward<Arguments>(arguments)...);
    return {call, CallEnd{&home_, block_.release()}};
  }

 private:
  CallBlocks& home_;
  std::unique_ptr<CallBlock> block_;
};

// Where a loop takes tasks of other threads.
using Post = std::function<void(std::move_only_function<void()>)>;

}  // namespace modelyard::serving
