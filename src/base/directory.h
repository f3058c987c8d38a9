// Directory is an open folder beneath which files are opened, and never outside of it: every path is
// resolved by the kernel with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS).
//
// Ownership: holds one descriptor; files outlive it.
// Threads:   safe from any thread.
// Errors:    NotFound, InvalidArgument for a path that leaves the folder or meets a link, Internal
//            with the system's own words for the rest (a full disk is ResourceExhausted).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace modelyard {

class Directory {
 public:
  // Opens the folder, which must exist. Links in `path` itself are followed: the operator gave it.
  static Result<Directory> open(const std::string& path);
  // The same, after making the folder and its parents (mode 0700) durable.
  static Result<Directory> create(const std::string& path);

  // `path` is relative to the folder. `flags` as for open(2); O_CLOEXEC is added.
  Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode = 0600) const;
  Status make_directory(const std::string& path) const;
  Status rename(const std::string& from, const std::string& to) const;
  // Removes a file; NotFound when it is not there.
  Status remove(const std::string& path) const;
  // Names of regular files and folders directly inside `path` ("" is the folder itself), sorted.
  Result<std::vector<std::string>> list(const std::string& path) const;
  // Makes entries of `path` ("" is the folder itself) durable.
  Status sync(const std::string& path) const;

  const std::string& path() const { return path_; }

 private:
  Directory(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

// Error of a failed system call: what was done, to which, and errno's words.
Error system_error(std::string_view what, std::string_view which, int error_number);

Status write_all(int fd, std::span<const std::byte> bytes, std::string_view which);
// Fails with ResourceExhausted above `limit` bytes.
Result<std::string> read_all(int fd, std::string_view which, std::uint64_t limit);
Status sync_file(int fd, std::string_view which);
// Reads a file that the operator named.
Result<std::string> read_file(const std::string& path, std::uint64_t limit = 1u << 30);
// Writes beside it, syncs and renames, so that readers see the old or the new content.
Status write_file_atomically(const std::string& path, std::string_view content);

}  // namespace modelyard
