// Session is one protocol on one connection: it turns received bytes into requests and answers into bytes to send.
//
// Threads:   its connection's loop.
// Ownership: belongs to its connection; both end together.
// Order:     room() and received() in turn, process() after either and whenever something may go on.
#pragma once

#include <span>

#include "base/clock.h"

namespace modelyard::edge {

class Session {
 public:
  virtual ~Session() = default;

  // Where the next bytes go; empty when none are wanted now.
  virtual std::span<char> room() = 0;
  virtual void received(std::size_t count) = 0;
  // Does what can be done without more bytes, more room to send, or an answer.
  virtual void process() = 0;
  // The client sends no more: what is complete is still answered, the rest is dropped.
  virtual void end_of_input() = 0;
  virtual void peer_is_leaving() {}  // it has ended its side; what it sent may not have been read yet
  // All output has left.
  virtual void output_sent() = 0;
  // No more requests come after those that run: as soon as may be, finished() becomes true.
  virtual void drain() = 0;
  // Ends what has taken too long.
  virtual void expire(SteadyTime now) = 0;
  // The connection was closed: nothing can be sent any more.
  virtual void closed() = 0;
  // Nothing more will be read or answered; the connection ends when its output has left.
  virtual bool finished() const = 0;
};

}  // namespace modelyard::edge
