// Gate lets work in until it is closed, then waits for the work inside to leave. It is how a service
// stops: refuse the new, await the old.
//
// Threads: all calls from any thread. close() may be called once; it returns when nobody is inside.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace modelyard {

class Gate {
 public:
  // Held while work is inside.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->leave();
    }

   private:
    Gate* gate_;
  };

  // nullopt once closed.
  std::optional<Pass> enter() {
    MutexLock lock(mutex_);
    if (closed_) return std::nullopt;
    ++inside_;
    return std::optional<Pass>(std::in_place, this);
  }

  void close() {
    MutexLock lock(mutex_);
    closed_ = true;
    while (inside_ > 0) empty_.wait(mutex_);
  }

 private:
  void leave() {
    MutexLock lock(mutex_);
    if (--inside_ == 0) empty_.notify_all();
  }

  Mutex mutex_;
  CondVar empty_;
  bool closed_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::int64_t inside_ MODELYARD_GUARDED_BY(mutex_) = 0;
};

}  // namespace modelyard
