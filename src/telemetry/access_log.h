// AccessLog takes a line for every n-th request off the event loops: loops put it into a bounded queue, one thread
// writes. When the queue is full the line is dropped and counted; the count is logged when there is room again.
//
// Threads: submit() from any thread, never blocks on the descriptor. stop() once; it writes what is queued.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "telemetry/log.h"

namespace modelyard::telemetry {

struct AccessLine {
  std::string method;
  std::string path;
  std::string remote;
  std::string request_id;
  std::string prediction_id;
  int status = 0;
  std::int64_t request_bytes = 0;
  std::int64_t response_bytes = 0;
  std::int64_t microseconds = 0;
};

class AccessLog {
 public:
  // `every` 0 logs nothing.
  AccessLog(Log& log, std::uint64_t every);
  ~AccessLog();

  // Whether this request is one of those that are logged; counts it.
  bool takes_next();
  void submit(AccessLine line);
  void set_every(std::uint64_t every) { every_.store(every, std::memory_order_relaxed); }
  void stop();
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();

  Log& log_;
  std::atomic<std::uint64_t> every_;
  std::atomic<std::uint64_t> dropped_{0};
  BoundedQueue<AccessLine> queue_;
  std::thread writer_;
};

}  // namespace modelyard::telemetry
