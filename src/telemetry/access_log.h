// AccessLog takes a line for every n-th request off the event loops: a loop appends to a lane of its own, one thread
// writes what has gathered in all of them, a moment later and many lines at once.
//
// Threads: takes_next() and submit() on the loop whose lane is named; they never block on the descriptor. stop() once,
//          when the loops have ended; it writes what has gathered.
// Limits:  a lane holds kMostBytes. A line beyond that is dropped and counted; the count is logged when there is room.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "telemetry/log.h"

namespace modelyard::telemetry {

struct AccessLine {
  std::string_view method;
  std::string_view path;
  std::string_view remote;
  std::string_view request_id;
  std::string_view prediction_id;
  int status = 0;
  std::int64_t request_bytes = 0;
  std::int64_t response_bytes = 0;
  std::int64_t microseconds = 0;
};

class AccessLog {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;

  // `every` 0 logs nothing.
  AccessLog(Log& log, std::size_t loops, std::uint64_t every);
  ~AccessLog();

  // Whether this request is one of those that are logged; counts it.
  bool takes_next(std::size_t loop);
  void submit(std::size_t loop, const AccessLine& line);
  void set_every(std::uint64_t every) { every_.store(every, std::memory_order_relaxed); }
  void stop();
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Lane {
    std::uint64_t requests = 0;  // its loop's
    Mutex mutex;                 // held by two at a time only when the writer takes the lines
    std::string lines MODELYARD_GUARDED_BY(mutex);
  };

  void wake_writer(bool at_once);
  bool wait();
  void write_gathered();
  void run();

  Log& log_;
  std::atomic<std::uint64_t> every_;
  std::atomic<std::uint64_t> dropped_{0};
  std::vector<Lane> lanes_;
  Mutex mutex_;
  CondVar wake_;
  bool gathered_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool hurry_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  // Of the writer.
  std::string writing_;
  std::uint64_t told_ = 0;
  std::thread writer_;
};

}  // namespace modelyard::telemetry
