// Transport moves a connection's bytes: as they are, or through TLS.
//
// Threads: its connection's loop.
#pragma once

#include <sys/uio.h>

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace modelyard::edge {

struct Moved {
  enum class Kind { kSome, kNothingNow, kEnd, kBroken } kind = Kind::kSome;
  std::size_t bytes = 0;
  // kSome of a receive: the socket is empty, and the next byte makes a new edge.
  bool emptied = false;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Moved receive(std::span<char> room) = 0;
  // Some of the parts, from the front.
  virtual Moved send(std::span<const iovec> parts) = 0;
  // Tells the peer that nothing more comes.
  virtual void end_output() = 0;
  // False until the peer may send requests.
  virtual bool is_open() const = 0;
  // Who the peer has proven to be; "" when it has not.
  virtual std::string_view identity() const = 0;
};

// Of a socket that is non-blocking and outlives the transport. Null: the connection cannot be served.
using MakeTransport = std::function<std::unique_ptr<Transport>(int fd)>;

// The bytes as they are.
std::unique_ptr<Transport> plain_transport(int fd);

}  // namespace modelyard::edge
