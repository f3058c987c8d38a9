// The floor of HTTP/1.1: Boost.Beast that answers a request with its own body. One thread.
//
// Usage: modelyard_bench_http_echo; says its address on standard output and runs until it is ended.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <memory>
#include <optional>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
// A concrete executor: the type-erased one costs system calls and allocations.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr std::size_t kBufferBytes = 64u << 10;  // without it Beast grows by 512 bytes a receive
constexpr std::uint64_t kMostBodyBytes = 64u << 20;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Socket socket) : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay(true));
    buffer_.reserve(kBufferBytes);
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kMostBodyBytes);
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
      if (!failure) self->answer();
    });
  }

 private:
  void answer() {
    auto& request = parser_->get();
    response_.emplace(http::status::ok, request.version());
    response_->set(http::field::content_type, "application/json");
    response_->keep_alive(request.keep_alive());
    response_->body() = std::move(request.body());
    response_->prepare_payload();
    http::async_write(socket_, *response_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
      if (!failure && self->response_->keep_alive()) self->read();
    });
  }

  Socket socket_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
};

void accept(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](beast::error_code failure, Socket socket) {
    if (!failure) std::make_shared<Connection>(std::move(socket))->read();
    accept(acceptor);
  });
}

}  // namespace

int main() {
  asio::io_context loop(1);  // 1: one thread, so no locks
  Acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  std::printf("http://127.0.0.1:%u\n", unsigned{acceptor.local_endpoint().port()});
  std::fflush(stdout);
  accept(acceptor);
  loop.run();
}
