#include "edge/shared_memory/shared_region.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "edge/shared_memory/region_name.h"

namespace modelyard::edge {
namespace {

// One text for all reasons: a client must not learn what others keep under /dev/shm.
Error cannot_open(std::string_view key) {
  return error(Code::kInvalidArgument,
               "unable to open shared memory region '{}': it must be an object under /dev/shm that belongs to the user "
               "this server runs as",
               key);
}

bool fits(std::uint64_t offset, std::uint64_t bytes, std::uint64_t whole) {
  return offset <= whole && bytes <= whole - offset;
}

// An object of ours by name only: a link, a pipe or another user's memory would be opened with our rights.
bool is_acceptable(const struct stat& object) {
  return S_ISREG(object.st_mode) && object.st_uid == ::geteuid() && object.st_nlink == 1;
}

}  // namespace

Result<SharedRegion> SharedRegion::open(int folder, std::string_view key, std::uint64_t offset, std::uint64_t bytes) {
  MODELYARD_ASSIGN(const std::string object, object_of_key(key));
  // O_NONBLOCK: a pipe must not hold us up before we know that it is one.
  UniqueFd fd(::openat(folder, object.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found{};
  if (!fd || ::fstat(fd.get(), &found) != 0 || !is_acceptable(found)) return cannot_open(key);
  if (bytes == 0) {
    return error(Code::kInvalidArgument, "shared memory region '{}': byte_size must be larger than 0", key);
  }
  if (!fits(offset, bytes, static_cast<std::uint64_t>(found.st_size))) {
    return error(Code::kInvalidArgument,
                 "shared memory region '{}': offset {} and byte_size {} go beyond the {} bytes of the object", key,
                 offset, bytes, found.st_size);
  }
  return SharedRegion(std::move(fd), key, offset, bytes);
}

Error SharedRegion::shrunk() const {
  return error(Code::kInvalidArgument, "shared memory region '{}' has become smaller than it was registered", key_);
}

Status SharedRegion::check_range(std::uint64_t offset, std::uint64_t bytes) const {
  if (fits(offset, bytes, bytes_)) return ok();
  return error(Code::kInvalidArgument, "offset {} and byte_size {} go beyond the {} bytes of shared memory region '{}'",
               offset, bytes, bytes_, key_);
}

Result<inference::Buffer> SharedRegion::read(std::uint64_t offset, std::uint64_t bytes) const {
  MODELYARD_TRY(check_range(offset, bytes));
  auto buffer = inference::Buffer::allocate(bytes);
  std::span<std::byte> rest = buffer.bytes();
  auto at = static_cast<off_t>(offset_ + offset);
  while (!rest.empty()) {
    const ssize_t count = ::pread(object_.get(), rest.data(), rest.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return shrunk();
    rest = rest.subspan(static_cast<std::size_t>(count));
    at += count;
  }
  return buffer;
}

Status SharedRegion::write(std::uint64_t offset, std::span<const std::byte> data) const {
  MODELYARD_TRY(check_range(offset, data.size()));
  // pwrite would make a smaller object grow again.
  struct stat now{};
  if (::fstat(object_.get(), &now) != 0 || offset_ + offset + data.size() > static_cast<std::uint64_t>(now.st_size)) {
    return shrunk();
  }
  auto at = static_cast<off_t>(offset_ + offset);
  while (!data.empty()) {
    const ssize_t count = ::pwrite(object_.get(), data.data(), data.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return error(Code::kUnavailable, "shared memory region '{}' cannot be written: /dev/shm is full", key_);
    data = data.subspan(static_cast<std::size_t>(count));
    at += count;
  }
  return ok();
}

}  // namespace modelyard::edge
