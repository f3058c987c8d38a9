#include "app/cli/export/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/directory.h"

namespace modelyard::app {
namespace {

Error exists(const std::string& name) {
  return error(Code::kConflict, "'{}' exists, and is not written over: say another name, or remove it", name);
}

}  // namespace

Result<WholeFile> WholeFile::begin(const std::string& name) {
  if (name.empty()) return WholeFile("", "", UniqueFd(::dup(STDOUT_FILENO)));
  if (::access(name.c_str(), F_OK) == 0) return exists(name);
  std::string part = name + ".part";
  UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return system_error("write", part, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return error(Code::kConflict, "'{}' is being written by another export", part);
  }
  if (::ftruncate(fd.get(), 0) != 0) return system_error("write", part, errno);
  return WholeFile(name, std::move(part), std::move(fd));
}

WholeFile::~WholeFile() {
  if (fd_ && !part_.empty()) ::unlink(part_.c_str());
}

Status WholeFile::write(std::span<const std::byte> bytes) {
  return write_all(fd_.get(), bytes, name_.empty() ? "standard output" : part_);
}

Status WholeFile::finish() {
  if (name_.empty()) return ok();
  if (::fsync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS) return system_error("write", part_, errno);
  if (::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, name_.c_str(), RENAME_NOREPLACE) != 0) {
    return errno == EEXIST ? Status(exists(name_)) : Status(system_error("name", part_, errno));
  }
  fd_.reset();
  return ok();
}

}  // namespace modelyard::app
