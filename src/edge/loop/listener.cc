#include "edge/loop/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/directory.h"

namespace modelyard::edge {
namespace {

constexpr int kFirstInheritedFd = 3;  // by the convention of LISTEN_FDS
constexpr int kBacklog = 4096;

// How many sockets were passed on to this process.
std::string_view inherited_sockets() {
  const char* count = std::getenv("LISTEN_FDS");
  const char* pid = std::getenv("LISTEN_PID");
  if (count == nullptr || pid == nullptr || std::string_view(pid) != std::to_string(::getpid())) return "0";
  return count;
}

Result<sockaddr_storage> bound_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_error("ask the address of", "listening socket", errno);
  }
  return address;
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string host_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.ss_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  ::inet_ntop(address.ss_family, bytes, text, sizeof text);
  return text;
}

bool is_listening_tcp(int fd) {
  int listens = 0, domain = 0, type = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return false;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  return listens == 1 && type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6);
}

Result<ListeningSocket> take_inherited(std::string_view count) {
  if (count != "1") {
    return error(Code::kInvalidArgument,
                 "LISTEN_FDS: {} sockets were passed on, and one is served; leave one ListenStream in the socket unit",
                 count);
  }
  ListeningSocket listening;
  if (!is_listening_tcp(kFirstInheritedFd)) {
    return error(
        Code::kInvalidArgument,
        "LISTEN_FDS: descriptor {} is no listening TCP socket; write ListenStream=HOST:PORT in the socket unit",
        kFirstInheritedFd);
  }
  listening.fd.reset(kFirstInheritedFd);
  ::fcntl(kFirstInheritedFd, F_SETFL, ::fcntl(kFirstInheritedFd, F_GETFL) | O_NONBLOCK);
  ::fcntl(kFirstInheritedFd, F_SETFD, FD_CLOEXEC);
  MODELYARD_ASSIGN(const sockaddr_storage address, bound_address(kFirstInheritedFd));
  listening.host = host_of(address);
  listening.port = port_of(address);
  listening.inherited = true;
  return listening;
}

Result<UniqueFd> bind_and_listen(const addrinfo& address, const std::string& which) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("open socket for", which, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno == EADDRINUSE) {
      return error(Code::kConflict, "cannot listen on {}: the port is taken by another process", which);
    }
    return system_error("bind", which, errno);
  }
  if (::listen(fd.get(), kBacklog) != 0) return system_error("listen on", which, errno);
  return fd;
}

}  // namespace

Result<ListeningSocket> open_listening_socket(const std::string& host, std::uint16_t port) {
  if (const auto count = inherited_sockets(); count != "0") return take_inherited(count);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) {
    return error(Code::kInvalidArgument, "cannot listen on '{}': {}", host, ::gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  ListeningSocket listening;
  listening.host = host;
  MODELYARD_ASSIGN(listening.fd, bind_and_listen(*addresses, fmt::format("{}:{}", host, port)));
  MODELYARD_ASSIGN(const sockaddr_storage address, bound_address(listening.fd.get()));
  listening.port = port_of(address);
  return listening;
}

}  // namespace modelyard::edge
