#include "edge/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <optional>

#include "base/fake_clock.h"
#include "edge/http/content_encoding.h"
#include "edge/http/router.h"

namespace modelyard::edge {
namespace {

// A client that says exactly the bytes it is told to.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(std::string_view text) const {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Reads until `text` has come; everything that came.
  std::string receive_until(std::string_view text) {
    while (received_.find(text) == std::string::npos && more()) {
    }
    return received_;
  }
  std::string receive_all() {
    while (more()) {
    }
    return received_;
  }
  void finish() const { ::shutdown(fd_.get(), SHUT_WR); }
  void reset_connection() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }

 private:
  bool more() {
    char piece[4096];
    const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (got > 0) received_.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }

  UniqueFd fd_;
  std::string received_;
};

// Collects a body that streams in, and answers with its size.
class CountingSink final : public BodySink {
 public:
  explicit CountingSink(Deferred reply, std::shared_ptr<void> held = {})
      : reply_(std::move(reply)), held_(std::move(held)) {}
  Appetite write(std::string_view piece) override {
    size_ += piece.size();
    return Appetite::kMore;
  }
  void end() override {
    Response response;
    response.body = std::to_string(size_);
    reply_.complete_here(std::move(response));
  }

 private:
  Deferred reply_;
  std::shared_ptr<void> held_;
  std::size_t size_ = 0;
};

// Pauses after every piece, as one does that writes to a disk, and says when the end came too early.
class PausingSink final : public BodySink {
 public:
  explicit PausingSink(Deferred reply) : reply_(std::move(reply)) {}
  Appetite write(std::string_view) override {
    writing_ = true;
    worker_ = std::jthread([this, resume = reply_.body_resumer()] {
      std::this_thread::yield();
      writing_ = false;
      resume();
    });
    return Appetite::kPause;
  }
  void end() override {
    Response response;
    response.body = writing_ ? "overtaken" : "in order";
    reply_.complete_here(std::move(response));
  }

 private:
  Deferred reply_;
  std::atomic<bool> writing_{false};
  std::jthread worker_;
};

// A client that sends faster than anyone can read.
class EndlessTransport final : public Transport {
 public:
  Moved receive(std::span<char> room) override {
    std::fill(room.begin(), room.end(), 'x');
    std::copy(head_.begin(), head_.end(), room.begin());
    head_ = {};
    return {.bytes = room.size()};
  }
  Moved send(std::span<const iovec>) override { return {.kind = Moved::Kind::kNothingNow}; }
  void end_output() override {}
  bool is_open() const override { return true; }
  std::string_view identity() const override { return ""; }

 private:
  std::string_view head_ = "PUT /store HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000000000\r\n\r\n";
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() : router_(guard_, 1000) {
    router_.add(Method::kGet, "/hello", Access::open(),
                [](Exchange& exchange) { exchange.respond({.body = "hello"}); });
    router_.add(
        Method::kPost, "/echo", Access::open(),
        [](Exchange& exchange) { exchange.respond({.body = std::string(exchange.request().body)}); },
        BodyNeed::kRequired);
    router_.add(Method::kGet, "/large", Access::open(),
                [](Exchange& exchange) { exchange.respond({.body = std::string(100'000, 'x')}); });
    router_.add(Method::kGet, "/later", Access::open(),
                [this](Exchange& exchange) { waiting_.set_value(exchange.defer()); });
    router_.add(Method::kGet, "/stream", Access::open(), [](Exchange& exchange) {
      Deferred reply = exchange.defer();
      reply.begin_stream({.body = "one,"});
      reply.stream("two");
      reply.end_stream();
    });
    router_.add_stream(Method::kPut, "/slow", Access::open(),
                       [](Exchange& exchange) { return std::make_unique<PausingSink>(exchange.defer()); });
    router_.add_stream(Method::kPut, "/store", Access::open(), [this](Exchange& exchange) {
      auto sink = std::make_unique<CountingSink>(exchange.defer(), held_by_bodies_);
      if (on_body_begun_) on_body_begun_();
      return sink;
    });
  }
  ~HttpServerTest() override {
    if (server_) server_->stop();
  }
  void start(HttpServerOptions options = {}, const Clock& clock = system_clock()) {
    server_ = std::move(HttpServer::create(std::move(options), clock).value());
    server_->start(router_);
    ASSERT_TRUE(server_->accept().has_value());
  }
  RawClient client() const { return RawClient(server_->port()); }
  // Everything the server says to those bytes, when it then closes.
  std::string answer(std::string_view request) const {
    RawClient raw = client();
    raw.send(request);
    raw.finish();
    return raw.receive_all();
  }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  static std::string get(const std::string& path, const std::string& lines = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
  }

  FakeClock clock_;
  security::Guard guard_{{}, clock_};
  Router router_;
  std::promise<Deferred> waiting_;
  std::shared_ptr<int> held_by_bodies_ = std::make_shared<int>();
  std::function<void()> on_body_begun_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawClient raw = client();

  raw.send(get("/hello"));
  const std::string answer = raw.receive_until("hello");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_TRUE(answer.ends_with(" GMT\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello")) << answer;
  raw.send(get("/hello", "Connection: close\r\n"));
  EXPECT_NE(raw.receive_all().find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();

  const std::string answers = answer(get("/hello") + "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
                                     get("/nowhere") + get("/hello", "Connection: close\r\n"));

  const auto hello = answers.find("hello"), echo = answers.find("abc"), missing = answers.find("404");
  EXPECT_LT(hello, echo);
  EXPECT_LT(echo, missing);
  EXPECT_LT(missing, answers.rfind("hello"));
  EXPECT_NE(answers.rfind("hello"), std::string::npos);
}

TEST_F(HttpServerTest, HoldsPipelinedAnswersBackUntilTheFirstIsReady) {
  start();
  RawClient raw = client();
  raw.send(get("/later") + get("/hello", "Connection: close\r\n"));
  Deferred reply = waiting_.get_future().get();

  reply.complete({.body = "late"});

  const std::string answers = raw.receive_all();
  EXPECT_LT(answers.find("late"), answers.find("hello"));
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  start();
  RawClient raw = client();
  for (const char c :
       std::string("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
    raw.send({&c, 1});
  }

  EXPECT_NE(raw.receive_until("abc").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBody) {
  start();
  RawClient raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(raw.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("abc");

  EXPECT_NE(raw.receive_until("abc").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, RefusesABodyBeforeItIsSent) {
  start();

  EXPECT_TRUE(answer("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(answer("POST /echo HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 411 "));
  EXPECT_TRUE(answer("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Encoding: br\r\n\r\nx")
                  .starts_with("HTTP/1.1 501 "));
}

TEST_F(HttpServerTest, RefusesAChunkedBodyBeyondTheLimit) {
  start();
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

  EXPECT_TRUE(answer(head + chunk + chunk + "0\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(answer(head + chunk + chunk + chunk + "0\r\n\r\n").starts_with("HTTP/1.1 413 "));
  // By what is announced; nobody waits for the rest.
  EXPECT_TRUE(answer(head + chunk + "1f5\r\nx").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(answer(head + chunk + "ffffffffffffffff\r\nx").starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ClosesAfterARequestItCouldNotRead) {
  start();

  const std::string answers = answer(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
      get("/hello"));

  EXPECT_TRUE(answers.starts_with("HTTP/1.1 400 "));
  EXPECT_NE(answers.find("Connection: close"), std::string::npos);
  EXPECT_EQ(answers.find("200 OK"), std::string::npos);  // what follows is not another request
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  const std::string answers = answer("HEAD /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  EXPECT_NE(answers.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answers.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, SaysAllowWithAWrongMethod) {
  start();
  for (const char* method : {"DELETE", "BREW", "get"}) {
    const std::string answers = answer(std::string(method) + " /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(answers.starts_with("HTTP/1.1 405 ")) << method;
    EXPECT_NE(answers.find("Allow: GET, HEAD\r\n"), std::string::npos) << method;
  }
}

TEST_F(HttpServerTest, CompressesLargeAnswersForThoseWhoAsk) {
  start();
  const std::string answers = answer(get("/large", "Accept-Encoding: gzip\r\nConnection: close\r\n"));

  EXPECT_NE(answers.find("Content-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_NE(answers.find("Vary: Accept-Encoding\r\n"), std::string::npos);
  const auto body = answers.substr(answers.find("\r\n\r\n") + 4);
  EXPECT_EQ(*inflate(Coding::kGzip, body, 1 << 20), std::string(100'000, 'x'));
}

TEST_F(HttpServerTest, InflatesRequestBodiesWithinTheLimit) {
  start();
  const auto send_gzip = [&](const std::string& text) {
    const std::string body = *compress(Coding::kGzip, text);
    return answer("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
  };

  EXPECT_TRUE(send_gzip(std::string(1000, 'y')).ends_with(std::string(1000, 'y')));
  EXPECT_TRUE(send_gzip(std::string(1001, 'y')).starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, StreamsAnswersInChunks) {
  start();
  EXPECT_TRUE(
      answer(get("/stream", "Connection: close\r\n"))
          .ends_with("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"));
  EXPECT_TRUE(answer("GET /stream HTTP/1.0\r\n\r\n").ends_with("\r\n\r\none,two"));
}

TEST_F(HttpServerTest, StreamsBodiesThatAreLargerThanItsBuffers) {
  start();
  const std::string body(3'000'000, 'z');
  const std::string answers =
      answer("PUT /store HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n" + body);

  EXPECT_TRUE(answers.ends_with("\r\n\r\n3000000"));
}

TEST_F(HttpServerTest, TellsTheEndOfABodyAfterItsLastPieceWasTaken) {
  start();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(body_of(answer("PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")),
              "in order");
    EXPECT_EQ(body_of(answer("PUT /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                             "3\r\nabc\r\n0\r\n\r\n")),
              "in order");
  }
}

TEST_F(HttpServerTest, AnswersAnExchangeThatWasForgotten) {
  start();
  RawClient raw = client();
  raw.send(get("/later"));

  {
    const Deferred forgotten = waiting_.get_future().get();
  }

  EXPECT_TRUE(raw.receive_until("\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, TellsWhoAnswersThatTheClientHasLeft) {
  start();
  std::optional<RawClient> raw(server_->port());
  raw->send(get("/later"));
  Deferred reply = waiting_.get_future().get();

  raw->reset_connection();
  while (!reply.cancelled()) std::this_thread::yield();

  reply.complete({.body = "nobody"});
}

TEST_F(HttpServerTest, FinishesWhatRunsWhenItDrains) {
  start();
  RawClient busy = client(), idle = client();
  idle.send(get("/hello"));
  idle.receive_until("hello");
  busy.send(get("/later"));
  Deferred reply = waiting_.get_future().get();

  auto drained = std::async(std::launch::async, [&] { return server_->drain(std::chrono::seconds(30)); });
  EXPECT_TRUE(idle.receive_all().ends_with("hello"));  // closed
  reply.complete({.body = "finished"});

  EXPECT_NE(busy.receive_all().find("finished"), std::string::npos);
  busy.finish();
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServerTest, AnswersTheLastRequestOfAnIdleConnectionWhileItDrains) {
  start({}, clock_);  // time stands still: nothing is closed for being idle
  RawClient idle = client();
  idle.send(get("/hello"));
  EXPECT_EQ(idle.receive_until("hello").find("Connection: close"), std::string::npos);
  EXPECT_FALSE(server_->drain(std::chrono::milliseconds(0)));

  idle.send(get("/hello"));

  EXPECT_NE(idle.receive_all().find("Connection: close"), std::string::npos);
  idle.finish();
  EXPECT_TRUE(server_->drain(std::chrono::seconds(30)));
}

TEST_F(HttpServerTest, AnswersWhoHasConnectedWhenItDrains) {
  start({}, clock_);
  RawClient early = client();
  EXPECT_FALSE(server_->drain(std::chrono::milliseconds(0)));

  early.send(get("/hello"));

  EXPECT_TRUE(early.receive_all().ends_with("hello"));
}

TEST_F(HttpServerTest, LetsGoOfABodyThatIsOnItsWayWhenItStops) {
  std::promise<void> begun;
  on_body_begun_ = [&] { begun.set_value(); };
  start();
  RawClient raw = client();
  raw.send("PUT /store HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  begun.get_future().wait();

  server_->stop();

  EXPECT_EQ(held_by_bodies_.use_count(), 1);
}

TEST_F(HttpServerTest, ServesOthersWhileOneSendsWithoutAPause) {
  HttpServerOptions options;
  options.make_transport = [first = true](int fd) mutable -> std::unique_ptr<Transport> {
    if (std::exchange(first, false)) return std::make_unique<EndlessTransport>();
    return plain_transport(fd);
  };
  start(std::move(options));
  RawClient greedy = client(), other = client();

  other.send(get("/hello"));

  EXPECT_NE(other.receive_until("hello").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, SpreadsConnectionsOverItsLoops) {
  start({.loops = 2});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->send(get("/hello"));
    EXPECT_NE(clients.back()->receive_until("hello").find("200 OK"), std::string::npos);
  }

  EXPECT_EQ(server_->totals().connections_open, 8u);
  EXPECT_EQ(server_->totals().requests, 8u);
}

TEST_F(HttpServerTest, TurnsAwayMoreConnectionsThanItMayHave) {
  start({.max_connections = 2});
  RawClient first = client(), second = client();
  for (RawClient* one : {&first, &second}) {
    one->send(get("/hello"));
    one->receive_until("hello");
  }

  EXPECT_EQ(client().receive_all().find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersManyClientsAtOnce) {
  start({.loops = 2});
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient raw = client();
      for (int n = 0; n < 200; ++n) raw.send(get("/hello"));
      raw.send(get("/hello", "Connection: close\r\n"));
      const std::string answers = raw.receive_all();
      std::size_t count = 0;
      for (auto at = answers.find("200 OK"); at != std::string::npos; at = answers.find("200 OK", at + 1)) ++count;
      EXPECT_EQ(count, 201u);
    });
  }
}

}  // namespace
}  // namespace modelyard::edge
