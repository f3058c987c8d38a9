#include "edge/loop/listener.h"

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

bool has_inherited_socket() {
  const char* count = std::getenv("LISTEN_FDS");
  const char* pid = std::getenv("LISTEN_PID");
  return count != nullptr && std::string_view(count) == "1" && pid != nullptr &&
         std::string_view(pid) == std::to_string(::getpid());
}

Result<std::uint16_t> bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_error("ask the port of", "listening socket", errno);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
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
  ListeningSocket listening;
  listening.host = host;
  if (has_inherited_socket()) {
    listening.fd.reset(kFirstInheritedFd);
    ::fcntl(kFirstInheritedFd, F_SETFL, ::fcntl(kFirstInheritedFd, F_GETFL) | O_NONBLOCK);
    ::fcntl(kFirstInheritedFd, F_SETFD, FD_CLOEXEC);
  } else {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) {
      return error(Code::kInvalidArgument, "cannot listen on '{}': {}", host, ::gai_strerror(failure));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
    MODELYARD_ASSIGN(listening.fd, bind_and_listen(*addresses, fmt::format("{}:{}", host, port)));
  }
  MODELYARD_ASSIGN(listening.port, bound_port(listening.fd.get()));
  return listening;
}

}  // namespace modelyard::edge
