#include "app/server/supervisor.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/unique_fd.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kOwnDescriptors = 256;  // catalog, blobs being written, models

}  // namespace

void tell_supervisor(std::string_view message) {
  const char* given = std::getenv("NOTIFY_SOCKET");
  if (given == nullptr) return;
  const std::string_view name = given;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';  // an abstract name
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  [[maybe_unused]] const ssize_t sent = ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                                 reinterpret_cast<const sockaddr*>(&address), size);
}

Status make_room_for_connections(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return ok();
  // The usual soft limit of 1,024 is for programs that use select(2).
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const std::size_t wanted = connections + kOwnDescriptors;
  if (limit.rlim_cur >= wanted) return ok();
  return error(Code::kResourceExhausted,
               "max_connections is {}, but this process may have {} descriptors; raise the limit (ulimit -Hn, "
               "LimitNOFILE) to {}, or lower max_connections",
               connections, limit.rlim_cur, wanted);
}

}  // namespace modelyard::app
