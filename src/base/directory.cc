#include "base/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace modelyard {
namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT: return Code::kNotFound;
    case EEXIST: return Code::kConflict;
    case EACCES:
    case EPERM: return Code::kPermissionDenied;
    case EXDEV:  // openat2: the path leaves the folder
    case ELOOP:  // openat2: a link on the way
    case ENAMETOOLONG:
    case ENOTDIR: return Code::kInvalidArgument;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE: return Code::kResourceExhausted;
    default: return Code::kInternal;
  }
}

// The kernel would stop reading at the zero and open another file than the one that was checked.
Status check_no_zero_byte(const std::string& path) {
  if (path.find('\0') == std::string::npos) return ok();
  return error(Code::kInvalidArgument, "'{}…' is not a path: it has a zero byte", path.c_str());
}

Result<UniqueFd> open_beneath(int directory, const std::string& path, int flags, unsigned mode) {
  MODELYARD_TRY(check_no_zero_byte(path));
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: a rename raced with the walk; the kernel asks to try again.
    if (errno != EINTR && errno != EAGAIN) return system_error("open", path, errno);
  }
}

Status sync_parent(const std::filesystem::path& path) {
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  UniqueFd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open", parent.native(), errno);
  return sync_file(fd.get(), parent.native());
}

// The last step of a path, opened beneath, so that a link cannot lead the next call astray.
struct Step {
  UniqueFd parent;
  std::string name;
};

Result<Step> last_step(int directory, const std::string& path) {
  MODELYARD_TRY(check_no_zero_byte(path));
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return error(Code::kInvalidArgument, "'{}' does not name a file", path);
  }
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
  MODELYARD_ASSIGN(UniqueFd fd, open_beneath(directory, parent, O_PATH | O_DIRECTORY, 0));
  return Step{std::move(fd), name};
}

bool is_file_or_folder(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_REG || entry.d_type == DT_DIR;
  struct stat status{};  // some file systems do not tell with the name
  return ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

Status write_durably(const std::string& path, std::string_view content) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return system_error("create", path, errno);
  MODELYARD_TRY(write_all(fd.get(), std::as_bytes(std::span(content)), path));
  return sync_file(fd.get(), path);
}

}  // namespace

Error system_error(std::string_view what, std::string_view which, int error_number) {
  return error(code_of(error_number), "cannot {} '{}': {}", what, which, std::strerror(error_number));
}

Result<Directory> Directory::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open folder", path, errno);
  return Directory(std::move(fd), path);
}

Result<Directory> Directory::create(const std::string& path) {
  std::filesystem::path so_far;
  for (const auto& part : std::filesystem::path(path)) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) == 0) {
      MODELYARD_TRY(sync_parent(so_far));
    } else if (errno != EEXIST) {
      return system_error("make folder", so_far.native(), errno);
    }
  }
  return open(path);
}

Result<UniqueFd> Directory::open_file(const std::string& path, int flags, unsigned mode) const {
  return open_beneath(fd_.get(), path, flags, mode);
}

Status Directory::make_directory(const std::string& path) const {
  MODELYARD_ASSIGN(const Step step, last_step(fd_.get(), path));
  if (::mkdirat(step.parent.get(), step.name.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("make folder", path, errno);
  }
  return ok();
}

Status Directory::rename(const std::string& from, const std::string& to) const {
  MODELYARD_ASSIGN(const Step source, last_step(fd_.get(), from));
  MODELYARD_ASSIGN(const Step target, last_step(fd_.get(), to));
  if (::renameat(source.parent.get(), source.name.c_str(), target.parent.get(), target.name.c_str()) != 0) {
    return system_error("rename", from, errno);
  }
  return ok();
}

Status Directory::remove(const std::string& path) const {
  MODELYARD_ASSIGN(const Step step, last_step(fd_.get(), path));
  if (::unlinkat(step.parent.get(), step.name.c_str(), 0) != 0) {
    return system_error("remove", path, errno);
  }
  return ok();
}

Result<std::vector<std::string>> Directory::list(const std::string& path) const {
  MODELYARD_ASSIGN(UniqueFd fd, open_beneath(fd_.get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY, 0));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), ::closedir);
  if (!stream) return system_error("list", path, errno);
  const int folder = fd.release();  // the stream closes it
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && is_file_or_folder(folder, *entry)) names.emplace_back(name);
  }
  if (errno != 0) return system_error("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status Directory::sync(const std::string& path) const {
  MODELYARD_ASSIGN(const UniqueFd fd, open_beneath(fd_.get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY, 0));
  return sync_file(fd.get(), path.empty() ? path_ : path);
}

Status write_all(int fd, std::span<const std::byte> bytes, std::string_view which) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", which, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ok();
}

Result<std::string> read_all(int fd, std::string_view which, std::uint64_t limit) {
  std::string content;
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    content.reserve(std::min(static_cast<std::uint64_t>(status.st_size), limit));
  }
  std::vector<char> chunk(64u << 10);
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", which, errno);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit) {
      return error(Code::kResourceExhausted, "'{}' is longer than the limit of {} bytes", which, limit);
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Status sync_file(int fd, std::string_view which) {
  while (::fsync(fd) != 0) {
    if (errno != EINTR) return system_error("make durable", which, errno);
  }
  return ok();
}

Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open", path, errno);
  return read_all(fd.get(), path, limit);
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  static std::atomic<unsigned> next{0};  // two threads may write the same file
  const std::string temporary = fmt::format("{}.{}.{}.tmp", path, ::getpid(), next++);
  Status written = write_durably(temporary, content);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = system_error("replace", path, errno);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_parent(path);
}

}  // namespace modelyard
