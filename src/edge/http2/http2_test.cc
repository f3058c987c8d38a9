#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/fake_clock.h"
#include "edge/http/router.h"
#include "edge/http/server.h"
#include "edge/http2/http2_session.h"

namespace modelyard::edge {
namespace {

// Time stands still, so that nothing happens but what the bytes bring about.
class Http2Test : public testing::Test {
 protected:
  Http2Test() {
    HttpServerOptions options;
    options.make_http2 = http2_sessions();
    server_ = std::move(HttpServer::create(std::move(options), clock_).value());
    server_->start(router_);
    EXPECT_TRUE(server_->accept().has_value());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Http2Test() override { server_->stop(); }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The type of the next frame; -1 when none comes.
  int next_frame() const {
    unsigned char head[9];
    if (::recv(fd_.get(), head, sizeof head, MSG_WAITALL) != sizeof head) return -1;
    std::string rest(static_cast<std::size_t>(head[0]) << 16 | static_cast<std::size_t>(head[1]) << 8 | head[2], '\0');
    if (!rest.empty() && ::recv(fd_.get(), rest.data(), rest.size(), MSG_WAITALL) <= 0) return -1;
    return head[3];
  }

  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  static constexpr std::string_view kSettings{"\0\0\0\x04\0\0\0\0\0", 9};

  FakeClock clock_;
  security::Guard guard_{{}, clock_};
  Router router_{guard_, 1000};
  std::unique_ptr<HttpServer> server_;
  UniqueFd fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(Http2Test, SaysItsSettingsAsSoonAsItIsSpokenTo) {
  send(kPreface);
  EXPECT_EQ(next_frame(), NGHTTP2_SETTINGS);
}

TEST_F(Http2Test, AcknowledgesSettingsThatComeWithThePreface) {
  send(std::string(kPreface) + std::string(kSettings));
  int settings = 0;
  for (int frame = 0; frame < 3; ++frame) settings += next_frame() == NGHTTP2_SETTINGS ? 1 : 0;
  EXPECT_EQ(settings, 2);  // its own, and the acknowledgement
}

TEST_F(Http2Test, TellsOneWhoBeginsWhileItDrainsToGoElsewhere) {
  EXPECT_FALSE(server_->drain(std::chrono::milliseconds(0)));
  send(std::string(kPreface) + std::string(kSettings));
  int frame = next_frame();
  while (frame != NGHTTP2_GOAWAY && frame != -1) frame = next_frame();
  EXPECT_EQ(frame, NGHTTP2_GOAWAY);
}

}  // namespace
}  // namespace modelyard::edge
