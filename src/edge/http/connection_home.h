// ConnectionHome is what connections need of their loop: limits, counters, the handler, memory to use again.
//
// Threads: one for each loop; only LoopCounters are read by others.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "edge/http/handler.h"
#include "edge/http/http_date.h"
#include "edge/http/pace.h"
#include "edge/http/request_head.h"
#include "edge/http/session.h"
#include "edge/loop/buffer.h"
#include "edge/loop/event_loop.h"

namespace modelyard::edge {

class Connection;

struct ConnectionLimits {
  HeadLimits head;
  std::size_t max_body_bytes = 64u << 20;
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};  // without progress, reading or writing
  std::uint64_t least_body_rate = 256;             // bytes a second on average, in each span of body_timeout

  bool is_too_slow(Pace& pace, SteadyTime now) const { return pace.is_too_slow(now, body_timeout, least_body_rate); }
};

// Written by one loop, read by any thread.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> connections_opened{0};
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> abandoned{0};  // requests whose client left before the answer

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

// Told of every answer before it is sent, on its loop; for access logs. May add header lines.
using AnswerObserver = std::function<void(const Request&, Response&, std::chrono::nanoseconds took)>;

// Makes the session of another protocol than HTTP/1.1.
using MakeSession = std::function<std::unique_ptr<Session>(Connection&)>;

struct ConnectionHome {
  EventLoop& loop;
  std::size_t loop_index;
  Handler& handler;
  const ConnectionLimits& limits;
  LoopCounters& counters;
  const bool& draining;
  std::function<void(int fd)> forget;            // drops the table's reference
  const AnswerObserver& observer;                // may be empty
  const MakeSession& make_http2;                 // may be empty
  std::vector<std::shared_ptr<Connection>> due;  // to be pumped at the end of the turn
  HttpDate date;
  BufferPool buffers = BufferPool();
  std::vector<std::shared_ptr<Connection>> pumped = {};  // empty between turns
};

}  // namespace modelyard::edge
