#include "edge/http/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <future>

#include "base/thread_name.h"

namespace modelyard::edge {
namespace {

constexpr std::chrono::milliseconds kTick{250};

std::string format_address(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, text, sizeof text);
  }
  return text;
}

}  // namespace

// Accepts on loop 0, whose thread alone calls it. When descriptors run out it rests until the next tick.
class HttpServer::Acceptor final : public Watcher {
 public:
  explicit Acceptor(HttpServer& server) : server_(server) {}

  Status begin() {
    if (state_ == State::kEnded) return ok();
    state_ = State::kAccepting;
    return server_.loop(0).watch(server_.listening_.fd.get(), EPOLLIN, *this);
  }
  // Takes who has connected already; who comes later is refused by the kernel, not cut off. A socket that outlives us
  // keeps its queue for our successor.
  void end() {
    if (state_ == State::kEnded) return;
    while (!server_.is_kept() && accept_one()) {
    }
    if (state_ == State::kAccepting) server_.loop(0).unwatch(server_.listening_.fd.get(), *this);
    state_ = State::kEnded;
    server_.listening_.fd.reset();
  }
  void on_tick() {
    if (state_ == State::kResting) (void)begin();
  }

  void on_ready(std::uint32_t) override {
    for (int i = 0; i < 64 && accept_one(); ++i) {  // then other sockets get their turn
    }
  }

 private:
  // False when nobody waits.
  bool accept_one() {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd fd(::accept4(server_.listening_.fd.get(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      server_.adopt(std::move(fd), format_address(address));
      return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (state_ == State::kAccepting) server_.loop(0).unwatch(server_.listening_.fd.get(), *this);
      state_ = State::kResting;
    }
    return errno == EINTR || errno == ECONNABORTED;
  }

  enum class State { kHeld, kAccepting, kResting, kEnded };

  HttpServer& server_;
  State state_ = State::kHeld;
};

Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpServerOptions options, const Clock& clock) {
  MODELYARD_ASSIGN(ListeningSocket listening, open_listening_socket(options.host, options.port));
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(options), std::move(listening)));
  for (std::size_t i = 0; i < std::max<std::size_t>(1, server->options_.loops); ++i) {
    auto loop = std::make_unique<Loop>();
    MODELYARD_ASSIGN(loop->loop, EventLoop::create(clock));
    server->loops_.push_back(std::move(loop));
  }
  return server;
}

HttpServer::HttpServer(HttpServerOptions options, ListeningSocket listening)
    : options_(std::move(options)), listening_(std::move(listening)) {}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::start(Handler& handler) {
  acceptor_ = std::make_unique<Acceptor>(*this);
  running_ = true;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    Loop& loop = *loops_[i];
    loop.home = std::make_unique<ConnectionHome>(
        ConnectionHome{*loop.loop, i, handler, options_.limits, loop.counters, loop.draining,
                       [&loop](int fd) {
                         loop.connections.erase(fd);
                         loop.counters.connections_open.fetch_sub(1, std::memory_order_relaxed);
                       },
                       observer_, options_.make_http2});
    loop.loop->set_tick(kTick, [this, &loop, i] {
      expire(loop);
      if (i == 0) acceptor_->on_tick();
    });
    loop.loop->add_turn_end([&loop] { return pump_due(*loop.home); });
    loop.thread = std::thread([&loop, i] {
      name_thread(fmt::format("loop {}", i));
      loop.loop->run();
    });
  }
}

Status HttpServer::accept() {
  auto begun = std::make_shared<std::promise<Status>>();
  loop(0).post([this, begun] { begun->set_value(acceptor_->begin()); });
  return begun->get_future().get();
}

HttpServer::Loop& HttpServer::least_connected() {
  return **std::min_element(loops_.begin(), loops_.end(), [](const auto& a, const auto& b) {
    return a->counters.connections_open.load(std::memory_order_relaxed) <
           b->counters.connections_open.load(std::memory_order_relaxed);
  });
}

void HttpServer::adopt(UniqueFd fd, std::string remote) {
  if (totals().connections_open >= options_.max_connections) {
    constexpr std::string_view kBusy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    if (options_.make_transport) return;  // no handshake for a refusal
    [[maybe_unused]] const ssize_t sent = ::send(fd.get(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL);
    return;
  }
  auto transport = options_.make_transport ? options_.make_transport(fd.get()) : plain_transport(fd.get());
  if (!transport) return;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Loop& loop = least_connected();
  // Counted here, so that a burst of accepts spreads over the loops.
  loop.counters.connections_open.fetch_add(1, std::memory_order_relaxed);
  auto begin = [&loop, remote = std::move(remote), fd = std::move(fd), transport = std::move(transport)]() mutable {
    LoopCounters::add(loop.counters.connections_opened, 1);
    auto connection = std::make_shared<Connection>(std::move(fd), std::move(transport), std::move(remote), *loop.home);
    loop.connections[connection->fd()] = connection;
    if (!connection->start()) {
      loop.connections.erase(connection->fd());
      loop.counters.connections_open.fetch_sub(1, std::memory_order_relaxed);
    } else if (loop.draining) {
      connection->drain();
    }
  };
  if (&loop == loops_[0].get()) {
    begin();
  } else {
    loop.loop->post(std::move(begin));
  }
}

bool HttpServer::pump_due(ConnectionHome& home) {
  home.pumped.swap(home.due);  // both keep their room from turn to turn
  for (const auto& connection : home.pumped) connection->pump();
  const bool any = !home.pumped.empty();
  home.pumped.clear();
  return any;
}

void HttpServer::expire(Loop& loop) {
  const SteadyTime now = loop.loop->clock().steady_now();
  std::vector<std::shared_ptr<Connection>> all;  // closing changes the table
  all.reserve(loop.connections.size());
  for (const auto& [fd, connection] : loop.connections) all.push_back(connection);
  for (const auto& connection : all) connection->expire(now);
}

bool HttpServer::drain(std::chrono::milliseconds timeout) {
  std::vector<std::future<void>> begun;
  for (auto& loop : loops_) {
    auto done = std::make_shared<std::promise<void>>();
    begun.push_back(done->get_future());
    loop->loop->post([this, &loop = *loop, done] {
      loop.draining = true;
      if (&loop == loops_[0].get()) acceptor_->end();
      std::vector<std::shared_ptr<Connection>> all;
      for (const auto& [fd, connection] : loop.connections) all.push_back(connection);
      for (const auto& connection : all) connection->drain();
      done->set_value();
    });
  }
  for (auto& future : begun) future.wait();
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (totals().connections_open > 0 && std::chrono::steady_clock::now() < end) {
    ::poll(nullptr, 0, 5);
  }
  return totals().connections_open == 0;
}

void HttpServer::stop() {
  if (!running_) return;
  running_ = false;
  for (auto& loop : loops_) loop->loop->stop();
  for (auto& loop : loops_) loop->thread.join();
  for (auto& loop : loops_) {
    // Closing forgets the connection, so the table is taken first. A body on its way and its connection hold each
    // other until one of them is told of the end.
    const auto connections = std::exchange(loop->connections, {});
    for (const auto& [fd, connection] : connections) connection->close();
  }
}

HttpServer::Totals HttpServer::totals() const {
  Totals sum;
  for (const auto& loop : loops_) {
    sum.connections_opened += loop->counters.connections_opened.load(std::memory_order_relaxed);
    sum.connections_open += loop->counters.connections_open.load(std::memory_order_relaxed);
    sum.abandoned += loop->counters.abandoned.load(std::memory_order_relaxed);
    sum.requests += loop->counters.requests.load(std::memory_order_relaxed);
    sum.bytes_received += loop->counters.bytes_received.load(std::memory_order_relaxed);
    sum.bytes_sent += loop->counters.bytes_sent.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace modelyard::edge
