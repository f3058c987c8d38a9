// ResourceLedger knows how much memory loaded versions take, and refuses what does not fit.
//
// Units:     bytes. Threads: any. Ownership: a Reservation gives its share back when it is destroyed; the ledger must
//            outlive it.
#pragma once

#include <cstdint>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace modelyard::lifecycle {

class ResourceLedger {
 public:
  class Reservation {
   public:
    Reservation() = default;
    Reservation(ResourceLedger* ledger, std::int64_t bytes) : ledger_(ledger), bytes_(bytes) {}
    Reservation(Reservation&& other) noexcept
        : ledger_(std::exchange(other.ledger_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(ledger_, other.ledger_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Reservation() { settle(0); }

    std::int64_t bytes() const { return bytes_; }
    // What it really takes, known after loading; may exceed the limit.
    void settle(std::int64_t bytes) {
      if (ledger_) ledger_->change(bytes - bytes_);
      bytes_ = bytes;
    }

   private:
    ResourceLedger* ledger_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  // `limit` 0 is no limit.
  explicit ResourceLedger(std::int64_t limit) : limit_(limit) {}

  Result<Reservation> reserve(std::int64_t bytes) {
    MutexLock lock(mutex_);
    if (limit_ > 0 && used_ + bytes > limit_) {
      return error(
          Code::kResourceExhausted,
          "needs about {} MiB of memory; {} MiB of {} MiB are taken by loaded versions: undeploy one, or raise "
          "memory_limit_bytes",
          mebibytes(bytes), mebibytes(used_), mebibytes(limit_));
    }
    used_ += bytes;
    return Reservation(this, bytes);
  }

  std::int64_t used() const {
    MutexLock lock(mutex_);
    return used_;
  }
  std::int64_t limit() const { return limit_; }

 private:
  static std::int64_t mebibytes(std::int64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }
  void change(std::int64_t difference) {
    MutexLock lock(mutex_);
    used_ += difference;
  }

  const std::int64_t limit_;
  mutable Mutex mutex_;
  std::int64_t used_ MODELYARD_GUARDED_BY(mutex_) = 0;
};

}  // namespace modelyard::lifecycle
