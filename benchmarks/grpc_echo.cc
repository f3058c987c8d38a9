// The floor of gRPC: epoll and nghttp2 that answer a unary call with its own message. One thread; no routing, no
// deadline, no decoding.
//
// Usage: modelyard_bench_grpc_echo; says its address on standard output and runs until it is ended.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::int32_t kWindowBytes = 8 << 20;

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  // nghttp2 takes what it does not change without const.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // NOLINT
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

struct Call {
  std::string message;
  std::size_t sent = 0;
};

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {
    must(nghttp2_session_server_new(&wire_, callbacks(), this) == 0, "nghttp2");
    const std::array<nghttp2_settings_entry, 2> settings{
        {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 256}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}}};
    nghttp2_submit_settings(wire_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(wire_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
  }
  ~Connection() {
    nghttp2_session_del(wire_);
    ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False when the connection has ended.
  bool on_ready(std::uint32_t events) {
    if ((events & EPOLLIN) != 0 && !receive()) return false;
    return send();
  }

 private:
  bool receive() {
    static std::array<std::uint8_t, 64u << 10> buffer;
    for (;;) {
      const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (count < 0) return errno == EAGAIN;
      if (count == 0) return false;
      if (nghttp2_session_mem_recv(wire_, buffer.data(), static_cast<std::size_t>(count)) < 0) return false;
      if (static_cast<std::size_t>(count) < buffer.size()) return true;  // the socket is empty
    }
  }

  // All that is ready leaves in one write.
  bool send() {
    for (;;) {
      const std::uint8_t* data = nullptr;
      ssize_t size = 0;
      while (output_.size() < (256u << 10) && (size = nghttp2_session_mem_send(wire_, &data)) > 0) {
        output_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
      }
      if (size < 0) return false;
      if (output_.empty()) return nghttp2_session_want_read(wire_) != 0 || nghttp2_session_want_write(wire_) != 0;
      const ssize_t sent = ::send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      const bool whole = static_cast<std::size_t>(sent) == output_.size();
      output_.erase(0, static_cast<std::size_t>(sent));
      if (whole && size == 0) return true;
    }
  }

  void answer(std::int32_t stream) {
    const std::array<nghttp2_nv, 2> head{{field(":status", "200"), field("content-type", "application/grpc")}};
    nghttp2_data_provider body{{.ptr = this}, read_message};
    nghttp2_submit_response(wire_, stream, head.data(), head.size(), &body);
  }

  static ssize_t read_message(nghttp2_session* wire, std::int32_t stream, std::uint8_t* room, std::size_t most,
                              std::uint32_t* flags, nghttp2_data_source*, void* self) {
    Call& call = static_cast<Connection*>(self)->calls_.at(stream);
    const std::size_t count = std::min(most, call.message.size() - call.sent);
    std::memcpy(room, call.message.data() + call.sent, count);
    call.sent += count;
    if (call.sent == call.message.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const nghttp2_nv status = field("grpc-status", "0");
      nghttp2_submit_trailer(wire, stream, &status, 1);
    }
    return static_cast<ssize_t>(count);
  }
  static int data_received(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                           std::size_t size, void* self) {
    static_cast<Connection*>(self)->calls_[stream].message.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (request && ends) static_cast<Connection*>(self)->answer(frame->hd.stream_id);
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    static_cast<Connection*>(self)->calls_.erase(stream);
    return 0;
  }
  static nghttp2_session_callbacks* callbacks() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* made = nullptr;
      must(nghttp2_session_callbacks_new(&made) == 0, "nghttp2");
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_received);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
      return made;
    }();
    return all;
  }

  const int fd_;
  nghttp2_session* wire_ = nullptr;
  std::unordered_map<std::int32_t, Call> calls_;
  std::string output_;
};

int listen_on_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  must(::listen(fd, 1024) == 0, "listen");
  socklen_t size = sizeof address;
  must(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  std::printf("http://127.0.0.1:%u\n", unsigned{ntohs(address.sin_port)});
  std::fflush(stdout);
  return fd;
}

void watch(int epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  must(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

}  // namespace

int main() {
  const int listening = listen_on_loopback();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  must(epoll >= 0, "epoll_create1");
  watch(epoll, listening, EPOLLIN);
  std::unordered_map<int, std::unique_ptr<Connection>> connections;
  for (;;) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd != listening) {
        const auto found = connections.find(event.data.fd);
        if (found != connections.end() && !found->second->on_ready(event.events)) connections.erase(found);
        continue;
      }
      const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections[fd] = std::make_unique<Connection>(fd);
      watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }
}
