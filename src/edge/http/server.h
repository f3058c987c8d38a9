// HttpServer owns the event loops, the listener and the connections.
//
// Threads: start(), drain(), stop() from one thread that is not a loop's. Loop 0 accepts and hands a socket to
//          the loop with the fewest connections before its first byte is read.
// Order:   start → accept → drain (stop accepting, finish what runs) → stop. The handler must outlive the server.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "edge/http/connection.h"
#include "edge/loop/listener.h"

namespace modelyard::edge {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::size_t loops = 1;
  std::size_t max_connections = 10'000;
  ConnectionLimits limits;
  MakeSession make_http2;        // empty: HTTP/1.1 only
  MakeTransport make_transport;  // empty: plain
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, const Clock& clock);
  ~HttpServer();

  const std::string& host() const { return listening_.host; }
  std::uint16_t port() const { return listening_.port; }
  // The socket outlives us; who waits in its queue is not lost.
  bool is_kept() const { return listening_.inherited; }
  std::size_t loops() const { return loops_.size(); }
  EventLoop& loop(std::size_t index) { return *loops_[index]->loop; }

  // Before start().
  void set_observer(AnswerObserver observer) { observer_ = std::move(observer); }
  // Starts the loops. The handler is shared by all of them.
  void start(Handler& handler);
  // Begins to accept; until then, who connects waits in the kernel's queue.
  Status accept();
  // Stops accepting, ends idle connections, and waits until the others have ended or the time is over.
  // True when none is left.
  bool drain(std::chrono::milliseconds timeout);
  void stop();

  struct Totals {
    std::uint64_t abandoned = 0, connections_opened = 0, connections_open = 0, requests = 0, bytes_received = 0,
                  bytes_sent = 0;
  };
  Totals totals() const;
  // Requests of a loop whose client left before the answer.
  std::uint64_t abandoned(std::size_t loop) const {
    return loops_[loop]->counters.abandoned.load(std::memory_order_relaxed);
  }

 private:
  struct Loop {
    std::unique_ptr<EventLoop> loop;
    LoopCounters counters;
    bool draining = false;  // loop's thread only
    std::unique_ptr<ConnectionHome> home;
    std::unordered_map<int, std::shared_ptr<Connection>> connections;
    std::thread thread;
  };
  class Acceptor;

  HttpServer(HttpServerOptions options, ListeningSocket listening);
  void adopt(UniqueFd fd, std::string remote);
  void expire(Loop& loop);
  static bool pump_due(ConnectionHome& home);
  Loop& least_connected();

  const HttpServerOptions options_;
  ListeningSocket listening_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
  AnswerObserver observer_;
  bool running_ = false;
};

}  // namespace modelyard::edge
