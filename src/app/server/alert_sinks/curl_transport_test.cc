#include "app/server/alert_sinks/curl_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "base/unique_fd.h"

namespace modelyard::app {
namespace {

using control::DeliveryResult;

// Takes one connection on the loopback, reads what comes up to its end, and answers; then it closes.
class OneAnswer {
 public:
  OneAnswer(std::string answer, std::string_view end_of_request)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    request_ = std::async(std::launch::async, [this, text = std::move(answer), end = std::string(end_of_request)] {
      return take(text, end);
    });
  }
  ~OneAnswer() { ::shutdown(listener_.get(), SHUT_RDWR); }

  std::string url(std::string_view scheme = "http") const { return fmt::format("{}://127.0.0.1:{}/x", scheme, port_); }
  std::string request() { return request_.get(); }

 private:
  std::string take(const std::string& answer, const std::string& end) const {
    const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
    std::string request;
    char buffer[4096];
    while (!request.ends_with(end)) {
      const ssize_t got = ::recv(peer.get(), buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      request.append(buffer, static_cast<std::size_t>(got));
    }
    (void)!::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    return request;
  }

  const UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::future<std::string> request_;
};

std::string http_answer(int status, const std::string& headers = "", const std::string& body = "") {
  return fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status, headers,
                     body.size(), body);
}

class CurlTransportTest : public ::testing::Test {
 protected:
  Delivery post(const std::string& answer) {
    OneAnswer receiver(answer, "body-end");
    const Delivery delivery =
        transport_.post({.url = receiver.url(), .headers = {"Idempotency-Key: k"}, .body = "body-end"});
    request_ = receiver.request();
    return delivery;
  }

  std::stop_source stop_;
  CurlTransport transport_{stop_.get_token()};
  std::string request_;
};

TEST_F(CurlTransportTest, PostsTheBodyWithItsHeaders) {
  EXPECT_EQ(post(http_answer(200)).result, DeliveryResult::kTaken);

  EXPECT_TRUE(request_.starts_with("POST /x HTTP/1.1\r\n")) << request_;
  EXPECT_NE(request_.find("\r\nIdempotency-Key: k\r\n"), std::string::npos);
  EXPECT_NE(request_.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(request_.ends_with("\r\n\r\nbody-end"));
}

TEST_F(CurlTransportTest, TellsWhatMayPassFromWhatIsFinal) {
  for (const int status : {408, 429, 500, 503}) {
    EXPECT_EQ(post(http_answer(status)).result, DeliveryResult::kWaiting) << status;
  }
  for (const int status : {400, 401, 404, 410}) {
    EXPECT_EQ(post(http_answer(status)).result, DeliveryResult::kRefused) << status;
  }
}

TEST_F(CurlTransportTest, DoesNotFollowARedirect) {
  OneAnswer elsewhere(http_answer(200), "body-end");

  const Delivery delivery = post(http_answer(307, fmt::format("Location: {}\r\n", elsewhere.url())));

  EXPECT_EQ(delivery.result, DeliveryResult::kRefused);
  EXPECT_EQ(delivery.words, "answered 307");
}

TEST_F(CurlTransportTest, KeepsLittleOfALongAnswer) {
  const Delivery delivery = post(http_answer(200, "", std::string(1 << 20, '\n')));

  EXPECT_EQ(delivery.result, DeliveryResult::kTaken);
  EXPECT_LT(delivery.words.size(), 600u);
  EXPECT_EQ(delivery.words.find('\n'), std::string::npos);
}

TEST_F(CurlTransportTest, WaitsForAReceiverThatIsNotThere) {
  std::string url;
  {
    OneAnswer gone("", "");
    url = gone.url();
  }

  const Delivery delivery = transport_.post({.url = url, .headers = {}, .body = ""});

  EXPECT_EQ(delivery.result, DeliveryResult::kWaiting);
  EXPECT_EQ(delivery.words.find("127.0.0.1"), std::string::npos) << "a URL may be a secret";
}

TEST_F(CurlTransportTest, EndsSoonWhenItIsStopped) {
  OneAnswer silent("", "never");  // it waits for more
  stop_.request_stop();

  const auto begin = std::chrono::steady_clock::now();
  const Delivery delivery = transport_.post({.url = silent.url(), .headers = {}, .body = "x"});

  EXPECT_EQ(delivery.result, DeliveryResult::kWaiting);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "the limit is 15 s";
}

TEST_F(CurlTransportTest, TellsAMailServerThatRefusesFromOneThatIsAway) {
  const auto send = [&](const std::string& greeting) {
    OneAnswer server(greeting, "");
    return transport_.send({.server = server.url("smtp"), .from = "a@b.c", .to = {"d@e.f"}, .text = "x"}).result;
  };
  EXPECT_EQ(send("554 no\r\n"), DeliveryResult::kRefused);
  EXPECT_EQ(send("421 later\r\n"), DeliveryResult::kWaiting);
}

}  // namespace
}  // namespace modelyard::app
