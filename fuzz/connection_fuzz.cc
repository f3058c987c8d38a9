// A whole connection, HTTP/1.1 or HTTP/2 by its first bytes, over a socket pair: requests go to a router that answers,
// echoes, streams and takes uploads.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/check.h"
#include "edge/grpc/grpc_router.h"
#include "edge/http/connection.h"
#include "edge/http/router.h"
#include "edge/http2/http2_session.h"

namespace {

using namespace modelyard;
using namespace modelyard::edge;

class CountingSink final : public BodySink {
 public:
  explicit CountingSink(Deferred reply) : reply_(std::move(reply)) {}
  Appetite write(std::string_view piece) override {
    bytes_ += piece.size();
    return bytes_ % 7 == 3 ? Appetite::kPause : Appetite::kMore;
  }
  void end() override { reply_.complete_here({.body = std::to_string(bytes_)}); }

 private:
  Deferred reply_;
  std::size_t bytes_ = 0;
};

class EchoStream final : public GrpcStream {
 public:
  explicit EchoStream(Deferred reply) : reply_(std::move(reply)) { reply_.begin_stream_here({}); }
  BodySink::Appetite message(std::string bytes) override {
    reply_.stream_here(std::move(bytes));
    return BodySink::Appetite::kMore;
  }
  void end() override { reply_.end_stream_here("grpc-status: 0\r\n"); }
  void fail(const Error&) override { reply_.end_stream_here("grpc-status: 13\r\n"); }

 private:
  Deferred reply_;
};

struct Harness {
  Harness() : loop(std::move(EventLoop::create(system_clock()).value())) {
    rest.add(Method::kGet, "/a", Access::open(), [](Exchange& exchange) { exchange.respond({.body = "a"}); });
    rest.add(Method::kPost, "/a", Access::open(),
             [](Exchange& exchange) { exchange.respond({.body = std::string(exchange.request().body)}); });
    rest.add_stream(Method::kPut, "/a", Access::open(),
                    [](Exchange& exchange) { return std::make_unique<CountingSink>(exchange.defer()); });
    grpc.add("/s/u", Access::open(), [](Exchange& exchange, const GrpcMessage& message) {
      std::string answer = begin_grpc_message().append(message.bytes);
      finish_prefix(answer);
      exchange.respond(grpc_answer(std::move(answer), Coding::kIdentity));
    });
    grpc.add_stream("/s/b", Access::open(), [](Exchange& exchange, const GrpcEncoding&) {
      return std::make_unique<EchoStream>(exchange.defer());
    });
  }
  std::unique_ptr<EventLoop> loop;
  security::Guard guard{{}, system_clock()};
  Router rest{guard, 4096};
  GrpcRouter grpc{guard, 4096};
  ProtocolSwitch handler{rest, grpc};
  ConnectionLimits limits;
  LoopCounters counters;
  bool draining = false;
  AnswerObserver observer;
  MakeSession make_http2 = http2_sessions();
  ConnectionHome home{*loop, 0, handler, limits, counters, draining, [](int) {}, observer, make_http2};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Harness harness;
  int ends[2];
  MODELYARD_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "a socket pair");
  const UniqueFd client(ends[1]);
  const auto connection =
      std::make_shared<Connection>(UniqueFd(ends[0]), plain_transport(ends[0]), "fuzz", harness.home);
  MODELYARD_CHECK(connection->start().has_value(), "watched");
  // The first byte says how large the pieces are.
  const std::size_t step = size > 0 && data[0] % 4 == 0 ? 7 : 4096;
  for (std::size_t at = size > 0 ? 1 : 0; at < size && connection->fd() >= 0; at += step) {
    if (::send(client.get(), data + at, std::min(step, size - at), MSG_NOSIGNAL) <= 0) break;
    connection->on_ready(EPOLLIN);
    char answer[65536];
    while (::recv(client.get(), answer, sizeof answer, 0) > 0) {
    }
    connection->on_ready(EPOLLOUT);
  }
  ::shutdown(client.get(), SHUT_WR);
  connection->on_ready(EPOLLIN | EPOLLRDHUP);
  connection->close();
  return 0;
}
