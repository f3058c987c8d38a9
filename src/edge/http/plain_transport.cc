#include <sys/socket.h>

#include <cerrno>

#include "edge/http/transport.h"

namespace modelyard::edge {
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int fd) : fd_(fd) {}

  Moved receive(std::span<char> room) override {
    const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
    if (got < 0) return failure();
    if (got == 0) return {Moved::Kind::kEnd};
    const auto count = static_cast<std::size_t>(got);
    return {Moved::Kind::kSome, count, count < room.size()};
  }
  Moved send(std::span<const iovec> parts) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg(2) does not write through it
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    return sent < 0 ? failure() : Moved{Moved::Kind::kSome, static_cast<std::size_t>(sent)};
  }
  void end_output() override { ::shutdown(fd_, SHUT_WR); }
  bool is_open() const override { return true; }
  std::string_view identity() const override { return {}; }

 private:
  static Moved failure() {
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK;
    const bool again = errno == EINTR;
    return {later ? Moved::Kind::kNothingNow : again ? Moved::Kind::kSome : Moved::Kind::kBroken};
  }

  const int fd_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(int fd) {
  return std::make_unique<PlainTransport>(fd);
}

}  // namespace modelyard::edge
